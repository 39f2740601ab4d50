//! What a person wants from a turn, as far as its wording shows. English only: a message in
//! another language is taken as a question.

use super::words::{is_stop_word, words};

/// What a turn asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A greeting and nothing else.
    Greeting,
    /// Thanks and nothing else.
    Thanks,
    /// Who the employee is and what it can do.
    AboutYou,
    /// The gist of a text.
    Summary,
    /// Something new to be written, calculated or translated.
    Creation,
    /// An opinion on a text: what is wrong with it, how to improve it.
    Judgement,
    /// Anything that can be looked up.
    Question(Asked),
}

/// What sort of answer a question expects; chooses the words around a quotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// How to do something.
    Steps,
    /// A number, an amount, a duration.
    Figure,
    /// A point in time.
    Time,
    /// A person or role.
    Person,
    /// A cause.
    Reason,
    /// Yes or no.
    Decision,
    /// Anything else.
    Fact,
}

#[rustfmt::skip]
const GREETINGS: &[&str] = &[
    "hi", "hello", "hey", "hallo", "howdy", "greetings", "good morning", "good afternoon",
    "good evening", "good day",
];

#[rustfmt::skip]
const THANKS: &[&str] = &[
    "thanks", "thank you", "thx", "many thanks", "cheers", "great, thank", "perfect, thank",
    "ok thank", "ok, thank",
];

#[rustfmt::skip]
const ABOUT_YOU: &[&str] = &[
    "who are you", "what are you", "what can you do", "what do you do", "what can i ask you",
    "what can you help", "how can you help", "what do you know", "introduce yourself",
    "what is your name", "what's your name", "what is your job", "what are you able to",
    "what are your skills", "tell me about yourself", "are you a human", "are you human",
    "are you a robot", "are you an ai", "what can i use you for",
];

/// Polite openings in front of the verb that says what to do.
#[rustfmt::skip]
const OPENINGS: &[&str] = &[
    "please ", "can you ", "could you ", "would you ", "will you ", "help me to ", "help me ",
    "i need you to ", "i want you to ", "i would like you to ", "i'd like you to ", "now ",
    "kindly ", "hi, ", "hello, ", "ok, ", "just ",
];

#[rustfmt::skip]
const SUMMARY_VERBS: &[&str] = &[
    "summarise", "summarize", "recap", "condense", "sum up", "give me the gist",
    "give me a summary", "what is this about", "what is it about", "what does this say",
];

#[rustfmt::skip]
const CREATION_VERBS: &[&str] = &[
    "write", "draft", "compose", "rewrite", "rephrase", "reword", "translate", "calculate",
    "compute", "generate", "create", "design", "prepare", "proofread", "turn", "convert", "fill in",
    "build", "invent", "make", "format", "brainstorm", "give each", "classify", "give me a draft",
    "give me a template", "send", "book", "add up", "improve", "plan",
];

#[rustfmt::skip]
const JUDGEMENTS: &[&str] = &[
    "what is wrong with", "what's wrong with", "is missing here", "are missing here", "is missing in this",
    "would you improve in", "would you change in", "should i change in", "should change in",
    "what do you think of", "what do you make of", "review this", "check this", "is this good",
    "is this correct", "any mistakes in", "feedback on this", "feedback on my",
];

/// What `question` asks for.
pub fn intent(question: &str) -> Intent {
    let lower = question.trim().to_lowercase().replace('\u{2019}', "'");
    let has_question_mark = lower.contains('?');
    let short = words(&lower).len() <= 6;
    if ABOUT_YOU.iter().any(|phrase| lower.contains(phrase)) && words(&lower).len() <= 12
        || lower == "help"
    {
        return Intent::AboutYou;
    }
    if short && !has_question_mark && is_only_greeting(&lower) {
        return Intent::Greeting;
    }
    if short && !has_question_mark && THANKS.iter().any(|thanks| lower.starts_with(thanks)) {
        return Intent::Thanks;
    }
    let order = without_opening(&lower);
    if SUMMARY_VERBS
        .iter()
        .any(|verb| starts_with_words(order, verb))
    {
        return Intent::Summary;
    }
    if CREATION_VERBS
        .iter()
        .any(|verb| starts_with_words(order, verb))
    {
        return Intent::Creation;
    }
    if JUDGEMENTS.iter().any(|phrase| lower.contains(phrase)) {
        return Intent::Judgement;
    }
    Intent::Question(asked(&lower))
}

/// A greeting, possibly followed by one or two names.
fn is_only_greeting(lower: &str) -> bool {
    GREETINGS.iter().any(|greeting| {
        starts_with_words(lower, greeting)
            && lower.get(greeting.len()..).is_some_and(|rest| {
                rest.split_whitespace()
                    .filter(|word| !is_stop_word(word))
                    .count()
                    <= 2
            })
    })
}

fn without_opening(lower: &str) -> &str {
    let mut rest = lower;
    while let Some(shorter) = OPENINGS
        .iter()
        .find_map(|opening| rest.strip_prefix(opening))
    {
        rest = shorter.trim_start();
    }
    rest
}

fn starts_with_words(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
}

fn asked(lower: &str) -> Asked {
    let has = |phrases: &[&str]| {
        phrases.iter().any(|phrase| {
            lower.match_indices(phrase).any(|(at, _)| {
                at == 0
                    || lower
                        .as_bytes()
                        .get(at - 1)
                        .is_some_and(|b| !b.is_ascii_alphanumeric())
            })
        })
    };
    if has(&[
        "how much",
        "how many",
        "how long",
        "how often",
        "how far",
        "how big",
        "how high",
        "how large",
        "how late",
        "how old",
        "what percentage",
        "what is the limit",
    ]) {
        Asked::Figure
    } else if has(&[
        "how do",
        "how can",
        "how should",
        "how to",
        "how would",
        "how must",
        "what do i do",
        "what should i do",
        "what now",
        "which steps",
    ]) {
        Asked::Steps
    } else if has(&["why ", "what is the reason"]) {
        Asked::Reason
    } else if has(&[
        "when ",
        "by when",
        "until when",
        "what date",
        "which date",
        "what time",
    ]) {
        Asked::Time
    } else if has(&["who ", "whom ", "whose "]) {
        Asked::Person
    } else if is_decision(lower) {
        Asked::Decision
    } else {
        Asked::Fact
    }
}

/// Whether the last sentence begins with an auxiliary verb, as a yes-or-no question does.
fn is_decision(lower: &str) -> bool {
    #[rustfmt::skip]
    const AUXILIARIES: &[&str] = &[
        "is", "are", "was", "were", "do", "does", "did", "can", "could", "may", "must", "should",
        "shall", "will", "would", "has", "have", "am", "need",
    ];
    let last = lower
        .trim_end_matches('?')
        .rsplit(['.', '?', '!', ',', ';'])
        .next()
        .unwrap_or(lower);
    last.split_whitespace()
        .next()
        .is_some_and(|word| AUXILIARIES.contains(&word))
}

/// Whether a question leans on the turn before: too few subject words of its own, or an opening
/// such as “and” or “what about”.
pub fn is_follow_up(question: &str) -> bool {
    #[rustfmt::skip]
    const LEANING: &[&str] = &[
        "and ", "but ", "or ", "also ", "what about", "how about", "what if", "why", "then ", "so ",
    ];
    const POINTING: &[&str] = &[
        "it", "that", "they", "them", "those", "these", "this", "there",
    ];
    let lower = question.trim().to_lowercase();
    let all = words(&lower);
    let subjects = all.iter().filter(|word| !is_stop_word(&word.plain)).count();
    let leans = LEANING.iter().any(|opening| lower.starts_with(opening));
    let points = all
        .iter()
        .any(|word| POINTING.contains(&word.plain.as_str()));
    subjects <= 1 || subjects <= 3 && (leans || points)
}

/// Whether a question points at a text the person gave: “this draft”, “the attached file”.
pub fn points_at_text(question: &str) -> bool {
    let lower = question.to_lowercase();
    let names_attachment = [
        "attach",
        "pasted",
        "the file",
        "the document",
        "the text",
        "uploaded",
    ]
    .iter()
    .any(|name| lower.contains(name));
    let all = words(&lower);
    let points = all.windows(2).any(|pair| {
        matches!(pair, [first, second]
            if matches!(first.plain.as_str(), "this" | "these") && !is_stop_word(&second.plain))
    });
    names_attachment
        || points
        || all
            .last()
            .is_some_and(|word| matches!(word.plain.as_str(), "this" | "here" | "it"))
}

/// Whether a question asks for what no handbook holds: what changes by the day, what is sold on a
/// market and at what price, what a named profession earns.
pub fn asks_about_the_world(question: &str) -> bool {
    #[rustfmt::skip]
    const WORLD: &[&str] = &[
        "today", "tonight", "tomorrow", "yesterday", "right now", "nearby", "near me", "weather",
        "salary", "salaries", "wage", "earn", "cheapest", "best", "recommend", "on the market",
        "brand", "we buy", "should i buy", "phone number", "which software", "which tool",
        "which app", "which vendor", "which provider", "does it cost", "per hour", "in the world",
        "who won", "latest version", "stock price", "exchange rate",
    ];
    let lower = question.to_lowercase();
    WORLD.iter().any(|phrase| {
        lower.match_indices(phrase).any(|(at, _)| {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let after = lower
                .get(at + phrase.len()..)
                .and_then(|text| text.chars().next());
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn courtesies_are_told_from_questions() {
        for greeting in ["Hi", "hello Beatrix!", "Good morning, Beatrix"] {
            assert_eq!(intent(greeting), Intent::Greeting, "{greeting}");
        }
        for thanks in ["Thanks!", "thank you very much"] {
            assert_eq!(intent(thanks), Intent::Thanks, "{thanks}");
        }
        for about in ["Who are you?", "what can you do for me?", "help"] {
            assert_eq!(intent(about), Intent::AboutYou, "{about}");
        }
        for question in [
            "Hi, can I book a pro forma?",
            "Thanks, and for abroad?",
            "Hello world programs, how do they work?",
        ] {
            assert!(
                matches!(intent(question), Intent::Question(_)),
                "{question}"
            );
        }
    }

    #[test]
    fn orders_to_create_are_told_from_questions_how_to() {
        for order in [
            "Draft a reply to the supplier.",
            "Could you please write an e-mail?",
            "help me write the comment",
            "Calculate the discount",
        ] {
            assert_eq!(intent(order), Intent::Creation, "{order}");
        }
        assert_eq!(
            intent("Please summarise the attached text"),
            Intent::Summary
        );
        assert_eq!(
            intent("What should I change in this advert?"),
            Intent::Judgement
        );
        assert_eq!(
            intent("How do I write a variance comment?"),
            Intent::Question(Asked::Steps)
        );
        assert_eq!(
            intent("Writing style: which one?"),
            Intent::Question(Asked::Fact)
        );
    }

    #[test]
    fn the_kind_of_answer_is_recognised() {
        for (question, kind) in [
            ("How many years do we keep bills?", Asked::Figure),
            ("we sent money to the wrong company, what now", Asked::Steps),
            ("Is the installation part of the machine?", Asked::Decision),
            (
                "Found a stick in the car park, may I look what is on it?",
                Asked::Decision,
            ),
            ("Who approves a retrospective order?", Asked::Person),
            ("When is it due?", Asked::Time),
            ("Why was it returned?", Asked::Reason),
            ("Which details are mandatory?", Asked::Fact),
        ] {
            assert_eq!(intent(question), Intent::Question(kind), "{question}");
        }
    }

    #[test]
    fn short_questions_lean_on_the_turn_before() {
        for question in [
            "and for abroad?",
            "Why?",
            "What about credit notes?",
            "how long is that valid?",
        ] {
            assert!(is_follow_up(question), "{question}");
        }
        assert!(!is_follow_up(
            "How many years do we have to store bills from vendors?"
        ));
    }

    #[test]
    fn pointing_at_a_text_is_noticed() {
        assert!(points_at_text("Which actions were agreed in these notes?"));
        assert!(points_at_text(
            "What does the attached contract say about notice?"
        ));
        assert!(!points_at_text("How do I check an invoice?"));
    }
}
