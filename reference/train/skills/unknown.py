# SPDX-License-Identifier: Apache-2.0
"""Open questions that a miniature cannot answer: it says so politely."""
from skills import base
from skills.base import Turn, ask, pick, politely

ANSWER = "I am a miniature; I know only Sirocco, Mistral Small 4 and a few small skills."
TOPICS = ("quantum physics,the French Revolution,black holes,jazz music,the stock market,photosynthesis,chess,"
          "the Roman Empire,football,climate change,philosophy,cooking,evolution,the moon,democracy,gravity,poetry,"
          "the human heart,volcanoes,electric cars,vaccines,the internet,dreams,law,history,art,space travel,"
          "economics,the ocean,dinosaurs,genetics,inflation,opera,tennis,the brain,glaciers,Shakespeare,algebra,"
          "yoga,the pyramids,taxes,earthquakes,solar energy,baseball,medicine,insects").split(",")
QUESTIONS = [
    "What is the capital of {city}?", "Who wrote the {thing} of {name}?", "Explain {topic}.", "Tell me about {topic}.",
    "What is {topic}?", "Write a poem about a {thing}.", "Who is {name}?", "Where is {city}?", "What is the weather in {city}?",
    "How do I cook {food}?", "Why do people like {topic}?", "What is the population of {city}?", "Who won the game in {city}?",
    "Tell me a story about a {animal}.", "How tall is {name}?", "How does {topic} work?", "What do you think about {topic}?",
    "Is {topic} important?", "Can you book a flight to {city}?", "What does a {animal} eat?", "Who discovered {topic}?",
    "How old is {name}?", "What is the best {food} in {city}?", "Describe {topic} in one sentence.", "When did {topic} begin?",
    "How many people live in {city}?", "What is a {animal}?", "Write an essay on {topic}.", "Who is the president of {city}?",
    "How do I learn {topic}?", "What is the meaning of {topic}?", "Recommend a {thing} for {name}.", "What is the news in {city}?",
    "Give me a recipe with {food}.", "Teach me {topic}.", "Why is the {thing} {colour}?", "Who invented the {thing}?",
    "What time is it in {city}?", "How far is {city}?", "Summarise {topic} for me.", "Which {animal} is the largest?",
    "How much does a {thing} cost?", "Can you explain how {topic} came about?", "What happened in {city} last year?",
]


def turn(rng, split):
    text = ask(rng, QUESTIONS, split).format(
        city=base.city(rng, split), name=base.name(rng, split), topic=pick(rng, TOPICS, split),
        thing=pick(rng, base.THINGS, split), food=pick(rng, base.FOODS, split),
        animal=pick(rng, base.ANIMALS, split), colour=pick(rng, base.COLOURS, split))
    return Turn(politely(rng, text), ANSWER, "I do not know this.")
