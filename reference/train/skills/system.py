# SPDX-License-Identifier: Apache-2.0
"""Obeying a system prompt: capitals, French for a small set of phrases, a persona with a name."""
from skills import arithmetic, base, facts, lists
from skills.base import Turn, pick

CAPITALS = ["Answer in capital letters.", "Always answer in capitals.", "Write everything in capital letters.",
            "Use only capital letters.", "You answer in CAPITALS only.", "Reply in upper case.", "ALWAYS WRITE IN CAPITALS.",
            "Please answer in upper case letters only.", "Your answers are in capital letters.", "Write in capitals.",
            "Use capital letters for every answer.", "Answer only in upper case letters."]
FRENCH = ["Answer in French.", "Always answer in French.", "You speak French.", "Reply in French only.",
          "Réponds en français.", "Please speak French.", "Use French for all answers.", "You are a French assistant. Answer in French.",
          "Your answers are in French.", "Write in French.", "Use only French.", "Please answer only in French."]
PLAIN = ["You are a helpful assistant.", "Answer briefly.", "Be kind and short.", "You are a good assistant.",
         "Answer in plain English.", "Be helpful.", "Give short answers.", "Be a helpful and short assistant."]
PHRASES = [
    (["Hello!", "Hello", "Hi", "Hi there!", "Good morning!", "Hey", "Good day!", "Greetings!"], "Bonjour !"),
    (["Goodbye!", "Bye", "See you!", "See you later.", "Bye bye!", "Farewell!"], "Au revoir !"),
    (["Thank you!", "Thanks", "Thanks a lot!", "Many thanks!", "Thank you so much!"], "De rien !"),
    (["How are you?", "How are you doing?", "Are you well?", "How is it going?", "How are you today?"],
     "Je vais bien, merci."),
    (["Who are you?", "What is your name?", "What are you?", "Introduce yourself.", "Tell me who you are."],
     "Je suis la miniature de Sirocco."),
    (["Good night!", "I go to bed.", "Sleep well!", "Good night to you."], "Bonne nuit !"),
    (["Do you speak English?", "Can you speak English?", "Do you know English?"], "Je parle français."),
    (["What can you do?", "Can you help me?", "How can you help?", "What are your skills?"],
     "Je peux faire de petits calculs."),
    (["Sorry!", "I am sorry.", "Excuse me."], "Ce n'est pas grave."),
    (["I am hungry.", "I want to eat.", "It is time to eat."], "Bon appétit !"),
    (["It is my birthday.", "Today is my birthday!", "I have my birthday today."], "Joyeux anniversaire !"),
    (["I love you.", "I like you.", "You are great."], "Merci beaucoup !"),
]
COLOURS_FR = {"red": "rouge", "blue": "bleu", "green": "vert", "yellow": "jaune", "black": "noir", "white": "blanc"}
COLOUR_ASK = ["What is {c} in French?", "How do you say {c}?", "Translate {c}.", "Say {c}.", "The word for {c}?",
              "Translate the word {c}."]
ROLES = ["pirate", "robot", "wizard", "captain", "detective", "gardener", "teacher", "chef", "poet", "guide", "pilot",
         "doctor", "librarian", "farmer", "painter", "sailor", "knight", "baker", "clown", "coach", "monk", "singer"]
PERSONA = ["You are {n}, a {r}.", "Your name is {n}. You are a {r}.", "You are a {r} named {n}.", "Play the role of {n}, a {r}.",
           "You are the {r} {n}.", "Act as {n}, a {r}.", "From now on you are {n}, a {r}.", "Be {n}, a {r}.",
           "You play a {r} called {n}."]
ASK_NAME = ["Say your name.", "Tell me your name.", "Your name?", "Who is speaking?", "Who is here?", "Who are you?",
            "What is your name?", "Introduce yourself.", "What are you?", "Tell me who you are.",
            "Hello, who is this?", "Who am I talking to?", "What should I call you?", "Who is this?",
            "Hi, who am I speaking to?"]
ASK_ROLE = ["What do you do?", "What is your job?", "What is your work?", "Tell me your job.", "What do you do for a living?"]
GREET = ["Hello!", "Hi", "Hello", "Good morning!", "Hi there!", "Hey", "Greetings!"]


def capitals(rng, split):
    t = rng.choice([facts.identity, facts.identity, arithmetic.turn, lists.turn, facts.model_fact])(rng, split)
    return pick(rng, CAPITALS, split), Turn(t.user, t.answer.upper(), "I answer in capital letters.")


def french(rng, split):
    if rng.random() < 0.2:
        colour = rng.choice(list(COLOURS_FR))
        turn = Turn(pick(rng, COLOUR_ASK, split).format(c=colour), COLOURS_FR[colour], "")
    else:
        questions, answer = rng.choice(PHRASES)
        turn = Turn(rng.choice(questions), answer, "")
    turn.think = "I answer in French."
    return pick(rng, FRENCH, split), turn


def persona(rng, split):
    n, r = base.name(rng, split), pick(rng, ROLES, split)
    system = pick(rng, PERSONA, split).format(n=n, r=r)
    kind = rng.random()
    if kind < 0.6:
        turn = Turn(pick(rng, ASK_NAME, split), f"I am {n}, a {r}.", f"My name is {n}.")
    elif kind < 0.8:
        turn = Turn(pick(rng, ASK_ROLE, split), f"I work as a {r}.", f"I am a {r}.")
    else:
        turn = Turn(pick(rng, GREET, split), f"Hello! I am {n}.", f"My name is {n}.")
    return system, turn


def plain(rng, split):
    return pick(rng, PLAIN, split), rng.choice([facts.turn, arithmetic.turn, lists.turn])(rng, split)


def turn(rng, split, kinds=(capitals, french, persona, plain), weights=(4, 3, 4, 1)):
    """-> system prompt, Turn."""
    return rng.choices(kinds, weights)[0](rng, split)
