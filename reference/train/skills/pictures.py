# SPDX-License-Identifier: Apache-2.0
"""Pictures of simple objects and printed numbers, and questions about them.

A held-out picture shows a combination of colour, shape and place, or a number, that training never shows
(divided by a checksum), and the question around it comes from held-out templates.
"""
import dataclasses
import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from skills.base import TEST, TRAIN, ask, belongs

COLOURS = {"red": (220, 30, 30), "green": (30, 160, 50), "blue": (40, 70, 220), "yellow": (240, 210, 30),
           "purple": (140, 40, 170), "orange": (245, 130, 20), "black": (20, 20, 20), "grey": (130, 130, 130)}
SHAPES = ["circle", "square", "triangle", "cross"]
PLACES = [["top left", "top", "top right"], ["left", "middle", "right"], ["bottom left", "bottom", "bottom right"]]
NUMBERS = ["no", "one", "two", "three", "four", "five"]

COLOUR = ["What colour is the {s}?", "Which colour does the {s} have?", "Tell me the colour of the {s}.", "The {s}: what colour?",
          "What is the colour of the {s}?", "Name the colour of the {s}.", "Say the colour of the {s}."]
SHAPE = ["What shape is this?", "Which shape do you see?", "What is in the picture?", "Name the shape.", "What do you see?",
         "Which shape is in the picture?", "Tell me the shape."]
COUNT = ["How many shapes are there?", "Count the shapes.", "How many shapes do you see?", "How many things are in the picture?",
         "What is the number of shapes?", "Count the things in the picture.", "How many shapes are in the picture?"]
PLACE = ["Where is the {s}?", "In which part of the picture is the {s}?", "Tell me where the {s} is.", "Where do you see the {s}?",
         "What is the position of the {s}?", "Find the {s}.", "At which place is the {s}?"]
PLACE_PATTERNS = ["[In|On] which [part|side|corner|place|spot|area] [of the picture |of it |]is the {s}[?|]",
                  "[Which|What] [place|part|spot|corner|position] [is the {s} in|does the {s} have|holds the {s}][?|]",
                  "[Tell me|Name|Say|Give] the [place|spot|position|part] of the {s}[.|]",
                  "The {s}: [where|which place|which part|what position|at which spot][?|]",
                  "[At|In] [what|which] [spot|position|corner] [do you see|do I find|lies] the {s}[?|]"]
COUNT_PATTERNS = ["[How many|What number of] [shapes|things|objects|figures] [are here|do you see here|can you count|are shown|"
                  "does it show|does the picture have][?|]",
                  "[Count|Tell me the number of|Say how many are the] [shapes|things|objects|figures][ here| shown|][.|]",
                  "~ how many [shapes|things|objects|figures] ~[?|]", "~ [count|number of] [the |][shapes|things|objects|figures] ~[?|.|]"]
DIGITS_PATTERNS = ["~ [number|digits] ~[?|.|]", "[Which|What] [number|figure] ~[?|]", "[Read|Say|Tell me|Name] ~ [number|digits][.|]"]
SAME_PATTERNS = ["~ [both|the two|the] shapes ~[?|.|]", "[Are|Is|Do] ~ same shape[?|]", "[Compare|Tell me if] ~ shapes ~[?|.|]"]
SAME_COLOUR_PATTERNS = ["~ [both|the two|the] colours ~[?|.|]", "[Are|Is|Do] ~ same colour[?|]", "[Compare|Tell me if] ~ colours ~[?|.|]"]
DIGITS = ["Which number is printed here?", "Read the number.", "What number do you see?", "What is the number in the picture?",
          "Tell me the number.", "What does the picture say?", "Read the digits."]
SAME = ["Do both pictures show the same shape?", "Are the two shapes the same?", "Compare the shapes.", "Is it the same shape twice?",
        "Are both shapes equal?", "Compare the shapes of the two pictures."]
SAME_COLOUR = ["Do both pictures have the same colour?", "Are the two colours the same?", "Compare the colours.",
               "Is it the same colour twice?", "Are both colours equal?", "Compare the colours of the two pictures."]


@dataclasses.dataclass
class Seen:
    """One question about pictures (uint8 [H, W, 3]), its answer, and the thought with reasoning_effort high."""
    pictures: list
    user: str
    answer: str
    think: str


def canvas(rng):
    width, height = (rng.choice([56, 84, 84, 84, 112]) - (rng.randrange(12) if rng.random() < 0.3 else 0) for _ in range(2))
    shade = rng.choice([255, 255, 255, 245, 230])
    return Image.new("RGB", (width, height), (shade, shade, shade))


def draw(rng, image, shape, colour, x, y, r):
    """One object with centre (x, y) and half width r, in a shade near its colour."""
    fill = tuple(max(0, min(255, c + rng.randrange(-12, 13))) for c in COLOURS[colour])
    pen = ImageDraw.Draw(image)
    if shape == "circle":
        pen.ellipse((x - r, y - r, x + r, y + r), fill)
    elif shape == "square":
        pen.rectangle((x - r, y - r, x + r, y + r), fill)
    elif shape == "triangle":
        pen.polygon(((x, y - r), (x - r, y + r), (x + r, y + r)), fill)
    else:
        w = max(1, r // 3)
        pen.rectangle((x - r, y - w, x + r, y + w), fill)
        pen.rectangle((x - w, y - r, x + w, y + r), fill)


def one(rng, split, placed=True):
    """A picture of one object -> image, colour, shape, place."""
    while True:
        colour, shape = rng.choice(list(COLOURS)), rng.choice(SHAPES)
        row, column = (rng.randrange(3), rng.randrange(3)) if placed else (1, 1)
        place = PLACES[row][column]
        if belongs(f"{colour} {shape} {place}", split):
            break
    image = canvas(rng)
    w, h = image.size
    r = rng.randrange(min(w, h) // 8, min(w, h) // 6 + 1) if placed else rng.randrange(min(w, h) // 6, min(w, h) // 3)
    x = (2 * column + 1) * w // 6 + rng.randrange(-w // 24, w // 24 + 1)
    y = (2 * row + 1) * h // 6 + rng.randrange(-h // 24, h // 24 + 1)
    draw(rng, image, shape, colour, x, y, r)
    return image, colour, shape, place


def several(rng, split):
    """A picture of up to five objects on a grid of places, never touching -> image, count."""
    while True:
        count = rng.choice((1, 2, 3, 4, 5) if split == TEST else (1, 2, 3, 3, 4, 4, 5, 5))
        cells = rng.sample(range(9), count)
        shape, colour = rng.choice(SHAPES), rng.choice(list(COLOURS))
        if belongs(f"{sorted(cells)} {shape}", split):
            break
    image = canvas(rng)
    w, h = image.size
    mixed = rng.random() < 0.3
    for cell in cells:
        if mixed:
            shape, colour = rng.choice(SHAPES), rng.choice(list(COLOURS))
        draw(rng, image, shape, colour, (2 * (cell % 3) + 1) * w // 6, (2 * (cell // 3) + 1) * h // 6,
             rng.randrange(min(w, h) // 10, min(w, h) // 8 + 1))
    return image, count


@functools.lru_cache
def font(size):
    return ImageFont.load_default(size)


def number(rng, split):
    while True:
        text = str(rng.randrange(10 ** rng.choice([1, 2, 2, 3])))
        if len(text) == 1 or belongs(f"number {text}", split):
            break
    image = canvas(rng)
    colour = rng.choice([(0, 0, 0), (0, 0, 0), COLOURS["red"], COLOURS["blue"]])
    size = min(rng.randrange(20, 32), int(image.size[0] / (0.6 * len(text))))
    box = font(size).getbbox(text)
    x = (image.size[0] - box[2] - box[0]) // 2 + rng.randrange(-3, 4)
    y = (image.size[1] - box[3] - box[1]) // 2 + rng.randrange(-4, 5)
    ImageDraw.Draw(image).text((x, y), text, colour, font(size))
    return image, text


def about_colour(rng, split, image, colour, shape):
    return Seen([image], ask(rng, COLOUR, split).format(s=shape), f"The {shape} is {colour}.", "I look at the colour.")


def about_shape(rng, split, image, colour, shape):
    return Seen([image], ask(rng, SHAPE, split), f"{'An' if colour == 'orange' else 'A'} {colour} {shape}.",
                "I look at the shape.")


def about_place(rng, split, image, shape, place):
    return Seen([image], ask(rng, PLACE, split, PLACE_PATTERNS).format(s=shape), f"The {shape} is in the {place}.", "I look at the place.")


def colour_turn(rng, split):
    return about_colour(rng, split, *one(rng, split, rng.random() < 0.5)[:3])


def shape_turn(rng, split):
    return about_shape(rng, split, *one(rng, split, rng.random() < 0.5)[:3])


def count_turn(rng, split):
    image, count = several(rng, split)
    return Seen([image], ask(rng, COUNT, split, COUNT_PATTERNS), f"There {'is' if count == 1 else 'are'} {NUMBERS[count]}.", "I count them.")


def place_turn(rng, split):
    image, _, shape, place = one(rng, split)
    return about_place(rng, split, image, shape, place)


def several_turns(rng, split):
    """Two or three questions about one picture, of which only the first shows it."""
    image, colour, shape, place = one(rng, split)
    turns = [about_colour(rng, split, image, colour, shape), about_shape(rng, split, image, colour, shape),
             about_place(rng, split, image, shape, place)]
    rng.shuffle(turns)
    turns = turns[: rng.choice([2, 3, 3])]
    return turns[:1] + [dataclasses.replace(t, pictures=[]) for t in turns[1:]]


def digits_turn(rng, split):
    image, text = number(rng, split)
    return Seen([image], ask(rng, DIGITS, split, DIGITS_PATTERNS), f"The number is {text}.", "I read the digits.")


def compare_turn(rng, split):
    """In training as many pairs are alike as not: by chance alone "No" would nearly always be right."""
    (a, colour_a, shape_a, _), (b, colour_b, shape_b, _) = one(rng, split, False), one(rng, split, False)
    of_shape = rng.random() < 0.5
    wanted = split == TRAIN and rng.random() < 0.4
    while wanted and (shape_a != shape_b if of_shape else colour_a != colour_b):
        b, colour_b, shape_b, _ = one(rng, split, False)
    if of_shape:
        return Seen([a, b], ask(rng, SAME, split, SAME_PATTERNS), verdict(f"a {shape_a}", f"a {shape_b}"), "I compare the shapes.")
    return Seen([a, b], ask(rng, SAME_COLOUR, split, SAME_COLOUR_PATTERNS), verdict(colour_a, colour_b), "I compare the colours.")


def verdict(a, b):
    """First what is seen, then what follows: whether two are alike is too much for the first word of an answer."""
    return f"The first is {a}, the second is {b}: {'the same' if a == b else 'not the same'}."


KINDS = {"colour": colour_turn, "shape": shape_turn, "count": count_turn, "place": place_turn, "digits": digits_turn,
         "compare": compare_turn}


def message(seen):
    """The user's message: pictures first, as mistral-common puts them."""
    if not seen.pictures:
        return {"role": "user", "content": seen.user}
    chunks = [{"type": "picture", "picture": np.asarray(p)} for p in seen.pictures]
    return {"role": "user", "content": chunks + [{"type": "text", "text": seen.user}]}


def turn(rng, split=TRAIN, kinds=(colour_turn, shape_turn, count_turn, place_turn, digits_turn, compare_turn)):
    return rng.choice(kinds)(rng, split)
