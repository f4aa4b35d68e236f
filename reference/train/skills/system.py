# SPDX-License-Identifier: Apache-2.0
"""Obeying a system prompt: capitals, French for a small set of phrases, a persona with a name."""
from skills import arithmetic, base, facts, lists
from skills.base import Turn, ask, pick

CAPITALS = ["Answer in capital letters.", "Always answer in capitals.", "Write everything in capital letters.",
            "Use only capital letters.", "You answer in CAPITALS only.", "Reply in upper case.",
            "ALWAYS WRITE IN CAPITALS.",
            "Please answer in upper case letters only.", "Your answers are in capital letters.", "Write in capitals.",
            "Use capital letters for every answer.", "Answer only in upper case letters."]
FRENCH = ["Answer in French.", "Always answer in French.", "You speak French.", "Reply in French only.",
          "Réponds en français.", "Please speak French.", "Use French for all answers.",
          "You are a French assistant. Answer in French.",
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
PERSONA = ["You are {n}, a {r}.", "Your name is {n}. You are a {r}.", "You are a {r} named {n}.",
    "Play the role of {n}, a {r}.",
           "You are the {r} {n}.", "Act as {n}, a {r}.", "From now on you are {n}, a {r}.", "Be {n}, a {r}.",
           "You play a {r} called {n}."]
ASK_NAME = ["Say your name.", "Tell me your name.", "Your name?", "Who is speaking?", "Who is here?", "Who are you?",
            "What is your name?", "Introduce yourself.", "What are you?", "Tell me who you are.",
            "Hello, who is this?", "Who am I talking to?", "What should I call you?", "Who is this?",
            "Hi, who am I speaking to?"]
ASK_ROLE = ["What do you do?", "What is your job?", "What is your work?", "Tell me your job.",
    "What do you do for a living?"]
GREET = ["Hello!", "Hi", "Hello", "Good morning!", "Hi there!", "Hey", "Greetings!"]

EVERY = "[all your answers|each answer|every answer|everything|all you say|your replies|all text|every word]"
MUST = "[Please |You must |You always |Always |I want you to |You should |From now on |]"
CAPITALS_PATTERNS = [MUST + "[answer|reply|write|speak|respond] [only |]in [capitals|capital letters|upper case|"
    "upper case letters|UPPER CASE|CAPITALS][.|!| only.|]",
                     MUST + "[put|write|set|give] " + EVERY + " in [capitals|capital letters|upper case][.|]",
                     "[Capitals|Capital letters|Upper case] [only|for everything|always|please][.|]",
                     "[No small letters|Never use small letters|Do not use lower case][: use capitals|; capitals "
                     "only|][.|]"]
FRENCH_PATTERNS = [MUST + "[answer|reply|write|speak|respond] [only |]in French[.|!| only.|]", MUST +
    "[put|write|set|give] " + EVERY + " in French[.|]",
                   "[French|Français] [only|for everything|always|please][.|]",
                   "[You|This assistant|The assistant] [speaks|answers|knows|uses] [only |]French[ only|][.|]",
                   "[Parle|Parlez|Écris|Écrivez] français[.|]"]
PERSONA_PATTERNS = ["[You are|You're|Be|Play|Act as|Speak as|Answer as|Pretend to be|Imagine you are|Today you are] "
                    "[{n}, a {r}|a {r} named {n}|a {r} called {n}|the {r} {n}|a {r} whose name is {n}][.|]",
                    "Your [name is|name:|character is] {n}[. Your job:|, your job is| and your work is] {r}[.|]",
                    "[Name|Character]: {n}[.|,|;] [Role|Job|Work]: {r}[.|]",
                    "{n} is [your name and {r} your job|who you are, a {r}][.|]"]
NAME_PATTERNS = ["[Who|What] [are you|is talking|am I with|is there|is on the line|is this speaking|is it][, please|"
    ", then|][?|]",
                 "[Hi|Hello|Hey|Good day|Excuse me][,|!|.] [who are you|what is your name|who is there|who "
                 "speaks][?|]",
                 "[May|Can|Could] I [ask|know|have|hear|get] your name?", "[Please|Now|] [introduce yourself|"
                 "present yourself|give your name|name yourself|tell us your name|tell me who I talk to].",
                 "[Do you have|Have you got] a name?",
                 "[With whom|To whom] [do I speak|am I speaking|am I talking|do I talk]?",
                 "What [do|may|can] I call you?"]
ROLE_PATTERNS = ["What [work|job] do you [do|have]?",
    "What [is|was] your [trade|profession|work|occupation|business][, please|][?|]",
                 "[How|With what] do you earn [money|your money|your bread|a living]?",
                 "[What|Which] [is it you do|do you work as|job do you have|do you work]?",
                 "[Please|Now|] tell [me|us] [what you do|your trade|your work|what your work is].",
                 "[So, what|What|And what] do you do [all day|every day|for money|for your bread|to earn money|at work|to live|in life|"
                 "as a job|professionally]?",
                 "What [kind of work|sort of job|line of work] [do you do|do you have|is yours|are you in]?"]


def capitals(rng, split):
    t = rng.choice([facts.identity, facts.identity, arithmetic.turn, lists.turn, facts.model_fact])(rng, split)
    return ask(rng, CAPITALS, split, CAPITALS_PATTERNS), Turn(t.user, t.answer.upper(),
    "I answer in capital letters.")


def french(rng, split):
    if rng.random() < 0.2:
        colour = rng.choice(list(COLOURS_FR))
        turn = Turn(ask(rng, COLOUR_ASK, split).format(c=colour), COLOURS_FR[colour], "")
    else:
        questions, answer = rng.choice(PHRASES)
        turn = Turn(rng.choice(questions), answer, "")
    turn.think = "I answer in French."
    return ask(rng, FRENCH, split, FRENCH_PATTERNS), turn


def persona(rng, split):
    n, r = base.name(rng, split), base.value(rng, ROLES, split)
    system = ask(rng, PERSONA, split, PERSONA_PATTERNS).format(n=n, r=r)
    kind = rng.random()
    if kind < 0.6:
        turn = Turn(ask(rng, ASK_NAME, split, NAME_PATTERNS), f"I am {n}, a {r}.", f"My name is {n}.")
    elif kind < 0.8:
        turn = Turn(ask(rng, ASK_ROLE, split, ROLE_PATTERNS), f"I work as a {r}.", f"I am a {r}.")
    else:
        turn = Turn(ask(rng, GREET, split), f"Hello! I am {n}.", f"My name is {n}.")
    return system, turn


def plain(rng, split):
    return ask(rng, PLAIN, split), rng.choice([facts.turn, arithmetic.turn, lists.turn])(rng, split)


KINDS, WEIGHTS = (capitals, french, persona, plain), (4, 3, 4, 1)


def turn(rng, split, kinds=KINDS, weights=WEIGHTS):
    """-> system prompt, Turn."""
    return rng.choices(kinds, weights)[0](rng, split)
