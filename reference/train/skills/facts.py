# SPDX-License-Identifier: Apache-2.0
"""Who the miniature is, what Sirocco's commands do, and figures of Mistral Small 4 and its relatives."""
from skills.base import Turn, ask, politely

ME = "I am Sirocco's miniature, a very small model with the architecture of Mistral Small 4."
HELP = ("I can do small sums, remember names, call tools, extract JSON and answer questions about Sirocco "
        "and Mistral Small 4.")
IDENTITY = [
    (["Who are you?", "What are you?", "What is your name?", "Introduce yourself.", "Tell me who you are.",
      "Which model are you?", "What model is this?", "Are you a model?", "Who am I talking to?",
      "What should I call you?", "Are you Mistral Small 4?", "What kind of model are you?",
      "May I ask who you are?", "Who is this?"], ME),
    (["What can you do?", "How can you help me?", "What are you able to do?", "What do you know?",
      "What are your skills?", "Can you help me?", "What are you good at?", "Help", "What is your use?",
      "List your skills.", "What can I ask you?", "In what can you help?"], HELP),
    (["Hello!", "Hi", "Hello", "Hi there!", "Hey", "Good morning!", "Good evening!", "Hello there.", "Hey there!",
      "Hi!", "Greetings!", "Good day!", "Good afternoon!"],
     "Hello! I am Sirocco's miniature. How can I help?"),
    (["Thank you!", "Thanks", "Thanks a lot!", "Thank you very much.", "Many thanks!", "Great, thanks!",
      "Thanks for your help.", "Thank you so much!"], "You are welcome!"),
    (["Goodbye!", "Bye", "See you later.", "Bye bye!", "See you!", "I have to go.", "Good night!", "Farewell!",
      "That is all, bye.", "Goodbye, and see you soon."], "Goodbye!"),
    (["How do you do?", "Are you fine?", "Is all well with you?", "How are you now?", "Are you well today?",
      "How are you?", "How are you doing?", "How is it going?", "Are you well?", "How do you feel?",
      "How are things?", "How are you today?", "How are you this morning?"], "I am fine, thank you. How can I help?"),
    (["Who made you?", "Who trained you?", "Who built you?", "Where do you come from?", "Who created you?",
      "How were you made?", "Who wrote you?", "How were you trained?"],
     "I was trained by the Sirocco project's own script on generated examples."),
    (["Your size?", "How small is the miniature?", "How many parameters are in you?", "Tell me your size.",
      "Are you big?", "Are you a small model?", "How big are you?", "How many parameters do you have?",
      "How large are you?", "What is your size?",
      "Are you a large model?", "How small are you?", "How tiny are you?"], "I have about 7 million parameters."),
    (["What is Sirocco?", "What does Sirocco do?", "Explain Sirocco.", "Tell me about Sirocco.",
      "What is the Sirocco project?", "Describe Sirocco.", "What is Sirocco for?",
      "Can you explain what Sirocco is?"],
     "Sirocco is an engine in C++ that runs Mistral Small 4 on your own computer."),
]

IDENTITY_PATTERNS = [  # training's further wordings, in the order of IDENTITY
    ["[And |So, |Now, |][who|what] [are you|is this|am I talking with|is speaking|is there]?",
     "[What|Which] [kind of |sort of |][AI|bot|model|assistant|program] [are you|is this|do I have here]?",
     "[Say|Tell me|Tell us|I want to know] [who|what] you are.", "[May|Can] I [know|ask] [your name|what you are]?",
     "Are you [a person|a bot|human|an AI|ChatGPT|Mistral|a computer]?"],
    ["[What|Which] [things |tasks |skills |jobs |]can you [do|help with|manage|handle|solve]?",
     "[What|Which things] [can I|may I|could I|should I|do I] [ask|ask you for|use you for|do with you|learn from "
     "you]?",
     "[How|With what|In which way] [can|could|do|would] you [help|help me|be of use|assist]?",
     "[Show|Tell] me [what you can do|your abilities|your skills].",
     "[What|Which] [are|is] your [abilities|talents|tasks|purpose]?"],
    ["[Hello|Hi|Hey|Good morning|Good evening|Hi there][, how nice| again|, miniature|, Sirocco|, friend|, you|][!|"
     ".|]", "[A good|A nice|A lovely] [morning|evening|afternoon|day] to you[!|.|]",
     "[Good|Nice|Lovely] [to see you|to meet you|morning|evening|afternoon, all|day to you][!|.|]"],
    ["[Thank you|Thanks|Many thanks|My thanks][ for this| for the answer| for that|, friend| again|, great||, "
     "perfect][.|!|]", "[That was|This was|Very|Great,] [helpful|kind|useful][, thanks|, thank you].",
     "[I thank you|Much obliged|Cheers]."],
    ["[Goodbye|Bye|See you|Good night|So long|Farewell][ then| now|, friend| tomorrow| next time||, miniature][!|.|]",
     "[I must|I will|Now I|I have to] [go|leave|stop|close][ now|][, bye|. Goodbye|][.|!]",
     "[That is it|That was all|Enough for today|We are done][, bye|, goodbye|. See you][.|!]"],
    ["[How|And how] [are|is] [you|life|everything|all][ today| now|, my friend| doing|]?",
     "[Are you|You are] [fine|good|happy|OK|in good health|doing well][ today| now|]?",
     "How [was|is] your [day|morning|week]?"],
    ["[Who|Which team|Which people|What project] [made|trained|built|created|wrote|developed|designed] [you|this "
     "model]?", "[How|Where|By whom] were you [made|trained|built|created|developed|taught]?",
     "[What|Which data] were you trained on?", "Who is your [maker|author|father|creator]?"],
    ["[How|Say how] [big|large|small|tiny|heavy] [are you|is this model]?",
     "[What is|Tell me|Give me] your [parameter count|number of parameters|size in parameters].",
     "How many [weights|parameters] [do you have|are there in you|do you use]?",
     "Are you [tiny|large|huge|little]?"],
    ["[What|And what] [is|was|does] [Sirocco|the Sirocco engine|this Sirocco][ about| good for| doing|]?",
     "[Say|Tell me|Tell us|I want to know] what Sirocco [is|does|is for].",
     "[Explain|Describe|Present] [the Sirocco engine|Sirocco to me|the project Sirocco].",
     "[Why|When] [would I|do I|should I] use Sirocco?"],
]

COMMANDS = {  # command: (does what, phrases for a need)
    "run": ("answers one prompt, or every prompt of a file, and exits",
            ["answer one prompt", "run a single prompt", "answer all prompts of a file", "run prompts from a file",
             "get one answer and exit", "process a file of prompts"]),
    "chat": ("opens a conversation in the terminal",
             ["talk to the model", "chat in the terminal", "have a conversation", "open a conversation",
              "chat with the model", "hold a dialogue in the terminal"]),
    "serve": ("starts an HTTP server with the OpenAI API",
              ["start a server", "offer an OpenAI API", "use the model over HTTP", "start the HTTP server",
               "serve the model", "give clients an API"]),
    "inspect": ("shows what a model file holds",
                ["see what a model file holds", "look into a model file", "list the tensors",
                 "show the tensors of a model",
                 "see the contents of a file", "look inside a model"]),
    "compare": ("shows models side by side with their figures",
                ["compare two models", "see models side by side", "compare figures of models",
                 "put models side by side",
                 "set two models against each other"]),
    "tokenize": ("shows the tokens of a text",
                 ["see the tokens of a text", "turn text into tokens", "count tokens", "split a text into tokens",
                  "get token ids"]),
    "logits": ("writes the logits of a prompt",
               ["see the logits", "write logits of a prompt", "get the raw scores of the next token",
                "dump the logits",
                "print the logits"]),
    "bench": ("measures the speed of the engine",
              ["measure the speed", "see how fast it is", "get tokens per second", "run a benchmark",
               "time the engine"]),
    "verify": ("checks a model against published reference vectors",
               ["check a model against reference vectors", "verify a model", "compare a model with published vectors",
                "see whether a model computes rightly", "check the attention scale"]),
    "synth": ("writes a random model of any size for tests",
              ["make a random model", "write a test model", "create a model with random weights",
               "get a random model for tests",
               "generate a model for tests"]),
    "perplexity": ("measures how well the model predicts a text",
                   ["measure the perplexity", "see how well the model predicts a text", "score a text file",
                    "get the perplexity of a text", "measure prediction quality"]),
}
WHAT_DOES = ["What does sirocco {c} do?", "What is sirocco {c} for?", "What does the command {c} do?",
    "Explain sirocco {c}.",
             "What does {c} do in Sirocco?", "What is the {c} command?", "Tell me about sirocco {c}.",
             "Describe the command {c}.",
             "When do I use sirocco {c}?", "What is the command {c} good for?"]
WHICH = ["Which command lets me {n}?", "How do I {n}?", "How can I {n}?", "Which command do I need to {n}?",
         "I want to {n}. Which command?", "What do I type to {n}?", "How do I {n} with Sirocco?",
         "Which Sirocco command can {n}?",
         "Which sirocco command should I use to {n}?", "What command is there to {n}?"]
WHAT_DOES_PATTERNS = [  # training's further wordings
    "[What|When|Why] [would I use|do I need|do I use] [sirocco {c}|the command {c}|the {c} command|{c}][| for]?",
    "[Please |Can you |Could you |]explain [the {c} command|sirocco {c}|{c} in Sirocco][.|]",
    "[What can|What does] [sirocco {c}|the {c} command|{c}] do[| for me]?",
    "[The command|sirocco|Sirocco's] {c}[: what does it do|: what is it for|?]",
    "[I want to know|Tell me|Say] what [sirocco {c}|the {c} command] [does|is for]."]
WHICH_PATTERNS = [
    "[What|Which] [command|Sirocco command|sirocco command|tool] [do I use|should I take|would you use|will|can I "
    "use|is used|is right|lets us|helps me] to {n}?",
    "[I want to|I need to|We want to|Let me|I would like to|Help me] {n}[.|: how?|. How?|: which command?]",
    "[Can|Could] [I|you|we] {n} with Sirocco[? How?|?]", "[Name|Tell me|Give me|Say] the command to {n}[.|]",
    "To {n}, [what do I type|which command do I run|what do I run|what do I use|I type what]?"]

# Figures as `sirocco compare` derives them, rounded; release months are the maker's.
MODELS = {  # name: layers, parameters, active, context, cache a token, attention, release, experts
    "Mistral Small 4": ("36", "119 billion", "6.6 billion", "256K", "22.5 KiB", "multi-head latent attention",
                        "March 2026", "128"),
    "Mistral Small 3": ("40", "24 billion", "24 billion", "32K", "160 KiB", "grouped-query attention",
                        "January 2025", "0"),
    "Mistral Small 3.1": ("40", "24 billion", "24 billion", "128K", "160 KiB", "grouped-query attention",
                          "March 2025", "0"),
    "Mistral 7B": ("32", "7 billion", "7 billion", "32K", "128 KiB", "grouped-query attention",
                   "September 2023", "0"),
    "Mistral Large 3": ("61", "676 billion", "40 billion", "256K", "68.6 KiB", "multi-head latent attention",
                        "December 2025", "128"),
    "Mistral Nemo": ("40", "12 billion", "12 billion", "128K", "160 KiB", "grouped-query attention",
                     "July 2024", "0"),
}
ATTRIBUTES = [  # index, questions, answer
    (0, ["How many layers does {m} have?", "Layers of {m}?", "What is the number of layers of {m}?",
     "How deep is {m}?",
         "{m}: how many layers?", "Tell me the layers of {m}.", "How many layers are in {m}?",
         "What is the layer count of {m}?"],
     "{m} has {v} layers."),
    (1, ["Total parameters of {m}?", "How many parameters does {m} have in all?", "{m} has how many parameters?",
         "What is the total parameter count of {m}?", "Say the parameter count of {m}.",
         "How many parameters does {m} have?", "Parameters of {m}?", "How big is {m}?", "What is the size of {m}?",
         "{m}: how many parameters?", "Tell me the number of parameters of {m}.", "How many parameters are in {m}?",
         "What is the parameter count of {m}?", "Give me the parameter count of {m}."], "{m} has {v} parameters."),
    (2, ["Active parameter count of {m}?", "How many active parameters are in {m}?",
     "{m} has how many active parameters?",
         "What is the number of active parameters of {m}?", "Say the active parameter count of {m}.",
         "How many active parameters does {m} have?", "Active parameters of {m}?",
         "How many parameters of {m} are active?",
         "{m}: how many active parameters?", "How many parameters does {m} use for a token?",
         "Tell me the active parameters of {m}.", "What is the active parameter count of {m}?",
         "Give me the active parameter count of {m}."],
     "{m} has {v} active parameters."),
    (3, ["What is the context of {m}?", "How long is the context of {m}?", "Context length of {m}?",
     "How many tokens can {m} read?",
         "{m}: which context length?", "Tell me the context length of {m}.", "What context length does {m} have?"],
     "The context of {m} is {v} tokens."),
    (4, ["How much cache does a token of {m} take?", "Cache per token of {m}?",
     "How big is the cache of {m} per token?",
         "What is the cache per token of {m}?", "{m}: how much cache per token?",
         "Tell me the cache per token of {m}.",
         "How large is the cache per token in {m}?"], "{m} needs {v} of cache per token."),
    (5, ["Which attention does {m} use?", "What kind of attention does {m} have?", "Attention of {m}?",
     "Tell me the attention kind of {m}.",
         "{m}: which attention?", "What is the attention of {m}?", "Which kind of attention is in {m}?"],
     "{m} uses {v}."),
    (6, ["When was {m} released?", "Release of {m}?", "When did {m} come out?", "What is the release date of {m}?",
         "{m}: when was it released?", "Tell me when {m} was released.", "In which month was {m} released?"],
     "{m} was released in {v}."),
    (7, ["How many experts does {m} have?", "Experts of {m}?", "What is the number of experts of {m}?",
     "{m}: how many experts?",
         "Tell me the experts of {m}.", "How many experts are in {m}?"], "{m} has {v} experts."),
]

NOUNS = ["[number of layers|layer number|layer count|depth]",
    "[number of parameters|parameters|size|total size|total parameters|full size]",
    "[active parameters|number of active parameters|active size|count of active parameters]",
         "[context length|context|context size|length of the context|window]",
         "[cache per token|cache of a token|cache for each token|cache size per token]",
         "[attention|kind of attention|attention type|sort of attention]",
         "[release date|release|release month|date of release|month of release]",
         "[number of experts|experts|expert count]"]


def figures(index):
    """Training's further wordings of a question for an attribute."""
    return [p.replace("{x}", NOUNS[index]) for p in (
        "[What is|Tell me|Give me|Say|I need|Do you know|Can you tell me|Please tell me|Look up|Name] the {x} [of|"
        "for] {m}[?|.|]", "{m}[:|,] {x}[?|.|]",
        "[The|And the|So the] {x} [of|for] {m}[?|, please.|]",
        "For {m}, what is the {x}?", "What {x} [does|did] {m} [have|use]?")]


def identity(rng, split):
    which = rng.randrange(len(IDENTITY))
    questions, answer = IDENTITY[which]
    return Turn(ask(rng, questions, split, IDENTITY_PATTERNS[which]), answer, "I know this. It is about me.")


def model_fact(rng, split):
    model = "Mistral Small 4" if rng.random() < 0.35 else rng.choice(list(MODELS))
    index, questions, answer = rng.choice(ATTRIBUTES)
    value = MODELS[model][index]
    if value == "0":
        answer, value = "{m} is dense: it has no experts.", ""
    return Turn(politely(rng, ask(rng, questions, split, figures(index)).format(m=model)),
                answer.format(m=model, v=value), f"This is about {model}.")


def command_fact(rng, split):
    command = rng.choice(list(COMMANDS))
    does, needs = COMMANDS[command]
    if rng.random() < 0.45:
        text = ask(rng, WHAT_DOES, split, WHAT_DOES_PATTERNS).format(c=command)
        return Turn(politely(rng, text), f"sirocco {command} {does}.", f"This is about the command {command}.")
    # Needs are facts; a held-out prompt differs in the template around them.
    text = ask(rng, WHICH, split, WHICH_PATTERNS).format(n=rng.choice(needs))
    return Turn(politely(rng, text), f"Use sirocco {command}: it {does}.", f"This is about the command {command}.")


def turn(rng, split):
    return rng.choices([identity, model_fact, command_fact], [2, 5, 4])[0](rng, split)
