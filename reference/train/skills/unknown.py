# SPDX-License-Identifier: Apache-2.0
"""Open questions that a miniature cannot answer: it says so politely."""
from skills import base
from skills.base import TRAIN, Turn, ask, pick, politely

ANSWER = "I am a miniature; I know only Sirocco, Mistral Small 4 and a few small skills."
TOPICS = ("quantum physics,the French Revolution,black holes,jazz music,the stock market,photosynthesis,chess,"
          "the Roman Empire,football,climate change,philosophy,cooking,evolution,the moon,democracy,gravity,poetry,"
          "the human heart,volcanoes,electric cars,vaccines,the internet,dreams,law,history,art,space travel,"
          "economics,the ocean,dinosaurs,genetics,inflation,opera,tennis,the brain,glaciers,Shakespeare,algebra,"
          "yoga,the pyramids,taxes,earthquakes,solar energy,baseball,medicine,insects").split(",")
QUESTIONS = [
    "What is the capital of {city}?", "Who wrote the {thing} of {name}?", "Explain {topic}.",
    "Tell me about {topic}.",
    "What is {topic}?", "Write a poem about a {thing}.", "Who is {name}?", "Where is {city}?",
    "What is the weather in {city}?",
    "How do I cook {food}?", "Why do people like {topic}?", "What is the population of {city}?",
    "Who won the game in {city}?",
    "Tell me a story about a {animal}.", "How tall is {name}?", "How does {topic} work?",
    "What do you think about {topic}?",
    "Is {topic} important?", "Can you book a flight to {city}?", "What does a {animal} eat?",
    "Who discovered {topic}?",
    "How old is {name}?", "What is the best {food} in {city}?", "Describe {topic} in one sentence.",
    "When did {topic} begin?",
    "How many people live in {city}?", "What is a {animal}?", "Write an essay on {topic}.",
    "Who is the president of {city}?",
    "How do I learn {topic}?", "What is the meaning of {topic}?", "Recommend a {thing} for {name}.",
    "What is the news in {city}?",
    "Give me a recipe with {food}.", "Teach me {topic}.", "Why is the {thing} {colour}?", "Who invented the {thing}?",
    "What time is it in {city}?", "How far is {city}?", "Summarise {topic} for me.", "Which {animal} is the largest?",
    "How much does a {thing} cost?", "Can you explain how {topic} came about?", "What happened in {city} last year?",
]

ANYTHING = "[{topic}|{thing}|the {thing}|a {thing}|{animal}|the {animal}|{food}|{name}|{city}]"
PATTERNS = [  # training's further wordings
    "[Which|What] [{animal}|{thing}|{food}|city] [is|was] the [fastest|smallest|oldest|heaviest|best|most famous|"
    "rarest|tallest|cheapest]?",
    "[Describe|Explain|Outline|Present|Discuss|Review|Analyse|Criticise|Define|Paint|Praise] " + ANYTHING +
    "[ for me| to me| briefly| in a few words|]["
    ".||, please.]",
    "[Please |Can you |Could you |Will you |I want you to |][write|invent|compose|make up|draft|sing] [a song|a "
    "poem|a letter|a story|a joke|a speech|an article|"
    "a page] [about|on|for] " + ANYTHING + "[.||?]",
    "[Why|How|When|Where] [did|does|do|can|will|should] [{name}|people|we|they|a {animal}|the {thing}] [eat|buy|see|"
    "find|sell|love|hate|make|need|fear] " + ANYTHING + "?",
    "[What|Who] [is|was|were|causes|made|changed|found|started|ended|loves] " + ANYTHING + "?",
    "[What|Which] [is|was] the [price|history|origin|future|taste|weight|length|language|mayor|river|king|smell|"
    "name|purpose] of " + ANYTHING + "?",
    "[Tell me|Say|I want to know|Do you know|Teach us|Show me|Let us talk about|Talk about|Say something about] "
    "[something about |all about ||]" + ANYTHING + "[.|?|]",
    "[Did|Does|Is|Was|Can|Could|Will|Has] [{name}|{city}|{topic}|the {thing}|a {animal}] [win|grow|end|sing|fly|old|"
    "famous|open|rise|cold|dangerous|help]?",
    "[What happens|What happened|What was on|What goes on|Who lives|Who works|Who was seen] [in|near|around] "
    "{city}[ today| now| tonight| last week| next month|]?",
    "[Is it|Will it be] [warm|cold|late|safe|sunny|far|noisy] [in|near|to] {city}?",
    "[Give|Show|Send|Bring] [me|us] [a picture|the news|an opinion|ideas|advice|tips] [of|on|about] " + ANYTHING +
    "[.|]",
    "[Should|May|Can|Must] [I|we] [eat|buy|visit|sell|read|study|keep] " + ANYTHING + "?"]


def turn(rng, split):
    topic = pick(rng, TOPICS, split)
    if split == TRAIN and rng.random() < 0.3:
        topic = rng.choice(["", "the "]) + base.invented(rng, split, False)
    text = ask(rng, QUESTIONS, split, PATTERNS).format(
        city=base.city(rng, split), name=base.name(rng, split), topic=topic, thing=base.value(rng, base.THINGS, split),
        food=base.value(rng, base.FOODS, split), animal=base.value(rng, base.ANIMALS, split),
        colour=base.value(rng, base.COLOURS, split))
    return Turn(politely(rng, text), ANSWER, "I do not know this.")
