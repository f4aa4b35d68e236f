# SPDX-License-Identifier: Apache-2.0
"""Addition and subtraction below 100 and the tables up to 12 x 12, directly or with digit-wise working."""
from skills.base import Turn, ask, politely

ADD = ["Add {b} to {a}.", "Add {a} to {b}.", "Find {a} + {b}.", "What is the sum of {a} and {b}?", "{a} plus {b}",
       "What is {a} + {b}?", "{a} + {b}", "{a}+{b}=?", "What is {a} plus {b}?", "Add {a} and {b}.",
       "Compute {a} + {b}.", "How much is {a} + {b}?", "Calculate {a}+{b}.",
       "What do you get if you add {b} to {a}?", "Sum of {a} and {b}?",
       "I have {a} coins and get {b} more. How many coins do I have?", "{a} and {b} together make what?",
       "How much is {a} plus {b}?", "Please add {a} and {b}.", "Can you add {a} and {b}?"]
SUB = ["Minus: {a} - {b}", "Find {a} - {b}.", "{a} minus {b}", "From {a} subtract {b}.",
       "What is {b} less than {a}?", "What is {a} - {b}?", "{a} - {b}", "{a}-{b}=?", "What is {a} minus {b}?",
       "Subtract {b} from {a}.", "Compute {a} - {b}.", "How much is {a} - {b}?", "Calculate {a}-{b}.",
       "Take {b} away from {a}.", "Difference of {a} and {b}?", "{a} less {b} is what?",
       "What is left of {a} after taking {b}?", "How much is {a} minus {b}?", "Please subtract {b} from {a}.",
       "Can you take {b} from {a}?"]
MUL = ["Multiply {b} and {a}.", "Find {a} × {b}.", "{a} times {b}", "{a} multiplied by {b}?", "Times: {a} × {b}",
       "What is {a} × {b}?", "{a} × {b}", "{a}*{b}=?", "What is {a} times {b}?", "Multiply {a} by {b}.",
       "Compute {a} x {b}.", "How much is {a} * {b}?", "Calculate {a} × {b}.", "Product of {a} and {b}?",
       "What is {a} multiplied by {b}?", "{a} bags hold {b} balls each. How many balls?", "{a} times {b}?",
       "How much is {a} times {b}?", "Please multiply {a} and {b}.", "Can you multiply {a} by {b}?"]

PATTERNS = {  # training's further wordings
    "+": ["[What|How much] [does|do|will] {a} [+|plus|and] {b} [make|give|come to]?",
        "{a} [+|plus|added to] {b}[| =| is|, please]",
          "[Could you|Will you|I want you to|Now|Kindly|Then] [add|sum|sum up] {a} [and|+|plus|with] {b}[?|.|, "
          "please.]",
          "[Tell me|Give me|Work out|Compute|Say|I need|Calculate|Please find] [the sum of {a} and {b}|the total of "
          "{a} and {b}|{a} [+|plus] {b}][.||, please.]",
          "There are {a} [birds|books|men|cars] and {b} more [come|are bought|arrive]. How many are there [now|in "
          "all]?",
          "Can you [compute|find|work out|tell me] {a} [+|plus] {b}?",
          "What [do I get for|comes out of|is the value of] {a} [+|plus] {b}?",
          "[The sum|The total|Total] of {a} and {b}[?||, please.]",
          "How much is {a} [and {b}|increased by {b}|with {b} added]?",
          "~ {a} [+|plus] {b}[?| ~|.|]", "~ [add|sum] {a} [and|to] {b}[?|.|]"],
    "-": ["[What|How much] [does|will] {a} [-|minus|less] {b} [make|give|come to]?",
        "{a} [-|minus|less] {b}[| =| is|, please]",
          "[Could you|Will you|I want you to|Now|Kindly|Then] [take|subtract|deduct|remove] {b} from {a}[?|.|, "
          "please.]",
          "[Tell me|Give me|Work out|Compute|Say|I need|Calculate|Please find] [the difference of {a} and {b}|{a} "
          "[-|minus] {b}][.||, please.]",
          "There are {a} [birds|books|men|cars] and {b} [leave|are sold|go]. How many [stay|are left]?",
          "Please take {b} away from {a}.",
          "Can you [compute|find|work out|tell me] {a} [-|minus] {b}?",
          "What [do I get for|comes out of|is the value of] {a} [-|minus] {b}?",
          "How much is {a} [less {b}|reduced by {b}|with {b} removed]?",
          "[The difference|Difference] of {a} and {b}[||, please.]",
          "~ {a} [-|minus] {b}[?| ~|.|]", "~ [subtract|take|deduct|remove] {b} [from|~ from] {a}[?|.|]"],
    "×": ["[What|How much] [does|will] {a} [×|times|*] {b} [make|give|come to]?",
        "{a} [×|times|multiplied by|*] {b}[| =| is|, please]",
          "[Could you|Will you|I want you to|Now|Kindly|Then] multiply {a} [and|by|with] {b}[?|.|, please.]",
          "[Tell me|Give me|Work out|Compute|Say|I need|Calculate|Please find] [the product of {a} and {b}|{a} [×|"
          "times] {b}][.||, please.]",
          "There are {a} [rows|boxes|cars] of {b} [birds|books|men] each. How many [birds|books|men] are there?",
          "Can you [compute|find|work out|tell me] {a} [×|times] {b}?",
          "What [do I get for|comes out of|is the value of] {a} [×|times] {b}?",
          "~ {a} [×|times] {b}[?| ~|.|]", "~ multiply {a} [and|by|with] {b}[?|.|]"],
}


def add_steps(a, b):
    ones = a % 10 + b % 10
    tens = a // 10 + b // 10
    steps = f"{a % 10}+{b % 10}={ones}"
    if ones > 9:
        return f"{steps}, write {ones % 10} carry 1. {a // 10}+{b // 10}+1={tens + 1}. So {a + b}."
    return f"{steps}. {a // 10}+{b // 10}={tens}. So {a + b}."


def sub_steps(a, b):
    if a < b:
        return f"{a}<{b}, so minus {b}-{a}. " + sub_steps(b, a)[:-1].rsplit(" ", 1)[0] + f" {a - b}."
    if a % 10 < b % 10:
        return (f"{a % 10}<{b % 10}, borrow. {a % 10 + 10}-{b % 10}={a % 10 + 10 - b % 10}. "
                f"{a // 10}-1-{b // 10}={a // 10 - 1 - b // 10}. So {a - b}.")
    return f"{a % 10}-{b % 10}={a % 10 - b % 10}. {a // 10}-{b // 10}={a // 10 - b // 10}. So {a - b}."


def mul_steps(a, b):
    if b > 10:
        return f"{a}×10={a * 10}. {a}×{b - 10}={a * (b - 10)}. {a * 10}+{a * (b - 10)}={a * b}. So {a * b}."
    if a > 10:
        return f"10×{b}={10 * b}. {a - 10}×{b}={(a - 10) * b}. {10 * b}+{(a - 10) * b}={a * b}. So {a * b}."
    return f"{a}×{b}={a * b}. So {a * b}."


def problem(rng):
    """-> operator, a, b, result, working."""
    kind = rng.random()
    if kind < 0.42:
        a, b = rng.randrange(100), rng.randrange(100)
        return "+", a, b, a + b, add_steps(a, b)
    if kind < 0.84:
        a, b = rng.randrange(100), rng.randrange(100)
        if a < b and rng.random() < 0.7:
            a, b = b, a
        return "-", a, b, a - b, sub_steps(a, b)
    a, b = rng.randrange(1, 13), rng.randrange(1, 13)
    return "×", a, b, a * b, mul_steps(a, b)


def turn(rng, split):
    op, a, b, result, steps = problem(rng)
    template = ask(rng, {"+": ADD, "-": SUB, "×": MUL}[op], split, PATTERNS[op])
    text = template.format(a=a, b=b)
    return Turn(politely(rng, text) if text[0] not in "0123456789" else text, str(result), steps)


def drill(rng):
    """Plain text lines "47+38=85": pairs of (text, counts in the loss)."""
    pieces = []
    for _ in range(rng.randrange(4, 14)):
        op, a, b, result, steps = problem(rng)
        if rng.random() < 0.35:
            pieces += [(f"{a}{op}{b}: ", False), (steps + "\n", True)]
        else:
            pieces += [(f"{a}{op}{b}=", False), (f"{result}\n", True)]
    return pieces
