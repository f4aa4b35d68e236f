# SPDX-License-Identifier: Apache-2.0
"""A few sentences written for the project, to be continued from their first words."""
from skills.base import Turn, pick

SENTENCES = [
    "The sirocco is a warm wind that blows from the desert over the sea to the north.",
    "A small model is a good test of a large engine, for it runs in a second and hides nothing.",
    "Every token takes the same way: norm, attention, norm, experts, and so on to the last layer.",
    "The router looks at a token and chooses four experts; one shared expert always works.",
    "Latent attention keeps one short vector for each token instead of many long ones.",
    "A cache that is small leaves more room for a long conversation.",
    "The wind brings dust and heat, and in the evening the sky turns red.",
    "Measure first, then change one thing, then measure again.",
]
ASK = ["Continue: {t}", "Go on: {t}", "Finish this sentence: {t}", "Complete: {t}", "How does it go on: {t}", "Please continue: {t}",
       "Complete the text: {t}"]


def turn(rng, split):
    words = rng.choice(SENTENCES).split()
    cut = rng.randrange(3, len(words) - 2)
    return Turn(pick(rng, ASK, split).format(t=" ".join(words[:cut])), " ".join(words[cut:]), "I know this text.")
