//! Many answers at the same time.

use std::collections::BTreeSet;

use guildhall_engine_protocol::{
    EngineMessage, FinishReason, Generate, Input, NodeMessage, Prompt, codes,
};

use crate::engine::{Engine, request, user};

fn greedy(request_id: u64, text: &str, max_tokens: u32) -> Generate {
    let mut greedy = request(request_id, vec![user(text)]);
    greedy.prompt.sampling.temperature = 0.0;
    greedy.prompt.max_tokens = max_tokens;
    greedy
}

pub(crate) fn text(messages: &[EngineMessage]) -> String {
    let piece = |message: &EngineMessage| match message {
        EngineMessage::Token { text, .. } => text.clone(),
        _ => String::new(),
    };
    messages.iter().map(piece).collect()
}

fn long_text(words: usize) -> String {
    (0..words).map(|word| format!("w{word} ")).collect()
}

#[test]
fn answers_are_interleaved_and_the_same_as_alone() {
    let prompts = [
        "Hello",
        "Tell me more",
        "What is it?",
        "A longer question, with more in it",
    ];
    let mut alone = Engine::with_sequences(1024, 1, 0);
    let expected: Vec<String> = prompts
        .iter()
        .map(|prompt| alone.generate(greedy(1, prompt, 40)).unwrap().text())
        .collect();

    let mut engine = Engine::with_sequences(1024, 4, 4096);
    let requests = prompts
        .iter()
        .zip(0..)
        .map(|(prompt, id)| greedy(id, prompt, 40));
    let messages = engine.together(requests.collect());
    for (id, expected) in (0..).zip(expected) {
        assert_eq!(text(&messages[&id]), expected, "request {id}");
    }
    // Four answers of 40 tokens in far fewer steps than 160.
    let steps = engine.status().steps;
    assert!(steps < 80, "{steps} steps");
}

#[test]
fn a_long_prompt_does_not_hold_up_an_answer() {
    let mut engine = Engine::with_sequences(8_192, 2, 16_384);
    engine.send(&NodeMessage::Generate(greedy(1, "Write a book", 3_000)));
    while !matches!(engine.receive(), EngineMessage::Token { request_id: 1, .. }) {}
    engine.send(&NodeMessage::Generate(greedy(2, &long_text(1_000), 1)));
    let mut between = 0;
    let mut prompt_tokens = 0;
    loop {
        match engine.receive() {
            EngineMessage::Started(started) => prompt_tokens = started.input_tokens,
            EngineMessage::Token { request_id: 1, .. } if prompt_tokens > 0 => between += 1,
            EngineMessage::Done(done) if done.request_id == 2 => break,
            _ => {}
        }
    }
    // At most 512 tokens in a step, and a word of the other answer in every step.
    assert!(prompt_tokens > 4_000, "{prompt_tokens}");
    let steps = prompt_tokens / 512;
    assert!(
        between >= steps,
        "{between} words while {prompt_tokens} tokens were read"
    );
    engine.send(&NodeMessage::Cancel { request_id: 1 });
}

#[test]
fn a_short_question_overtakes_a_long_one() {
    let mut engine = Engine::with_sequences(8_192, 2, 16_384);
    engine.send(&NodeMessage::Generate(greedy(1, &long_text(800), 1)));
    engine.send(&NodeMessage::Generate(greedy(2, "Hello", 1)));
    let ended = std::iter::repeat_with(|| engine.receive()).filter_map(|message| match message {
        EngineMessage::Done(done) => Some(done.request_id),
        EngineMessage::RequestFailed { failure, .. } => panic!("{failure}"),
        _ => None,
    });
    assert_eq!(ended.take(2).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_shared_beginning_is_computed_once() {
    let mut engine = Engine::with_sequences(4_096, 8, 16_384);
    let begin = long_text(200);
    let first = engine.generate(greedy(1, &begin, 1)).unwrap();
    let requests = (2..10).map(|id| greedy(id, &format!("{begin} and question {id}"), 8));
    let messages = engine.together(requests.collect());
    for (id, messages) in &messages {
        let EngineMessage::Done(done) = messages.last().unwrap() else {
            panic!("request {id} failed");
        };
        assert!(
            done.cached_tokens + 20 >= first.started.input_tokens,
            "{done:?}"
        );
    }
    let used = engine.status().cache_tokens_used;
    assert!(used < 2 * first.started.input_tokens, "{used} cells");
}

#[test]
fn requests_wait_for_cells_and_none_is_lost() {
    // Each takes up to 300 cells of 1024: three at a time.
    let mut engine = Engine::with_sequences(1_024, 8, 1_024);
    let requests = (0..12).map(|id| greedy(id, &format!("Question {id}"), 270));
    let messages = engine.together(requests.collect());
    assert_eq!(messages.len(), 12);
    for messages in messages.values() {
        let EngineMessage::Done(done) = messages.last().unwrap() else {
            panic!("a request failed");
        };
        assert_eq!(done.output_tokens, 270);
    }
}

#[test]
fn a_request_that_fails_disturbs_nobody() {
    let mut engine = Engine::with_sequences(512, 4, 2_048);
    let mut requests = vec![greedy(1, "Hello", 30), greedy(2, "World", 30)];
    let mut bad = greedy(3, "Bad", 30);
    bad.prompt.adapter = Some("nobody".to_owned());
    requests.insert(1, bad);
    let messages = engine.together(requests);
    let [EngineMessage::RequestFailed { failure, .. }] = messages[&3].as_slice() else {
        panic!("{:?}", messages[&3]);
    };
    assert_eq!(failure.code, codes::UNKNOWN_ADAPTER);
    for id in [1, 2] {
        assert!(matches!(
            messages[&id].last(),
            Some(EngineMessage::Done(done)) if done.output_tokens == 30
        ));
    }
}

/// SplitMix64, as in the tiny model.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % most
    }
}

#[test]
fn sixty_four_streams_with_random_cancellations_leak_nothing() {
    let mut engine = Engine::with_sequences(2_048, 16, 8_192);
    let mut random = Random(7);
    let mut open: BTreeSet<u64> = BTreeSet::new();
    let (mut next, mut ended) = (0, 0);
    let total = 256;
    while ended < total {
        while next < total && open.len() < 64 {
            let words = random.below(120) as usize;
            let mut one = request(next, vec![user(&long_text(words))]);
            one.prompt.max_tokens = 1 + random.below(60) as u32;
            if random.below(4) == 0 {
                one.prompt.sampling.seed = Some(3);
            }
            if random.below(8) == 0 {
                one.prompt.max_tokens = 0;
            }
            engine.send(&NodeMessage::Generate(one));
            open.insert(next);
            next += 1;
        }
        if random.below(3) == 0 {
            let place = random.below(open.len() as u64) as usize;
            let request_id = *open.iter().nth(place).unwrap();
            engine.send(&NodeMessage::Cancel { request_id });
        }
        let ends = match engine.receive() {
            EngineMessage::Done(done) => Some(done.request_id),
            EngineMessage::RequestFailed { request_id, .. } => Some(request_id),
            _ => None,
        };
        if let Some(request_id) = ends {
            assert!(open.remove(&request_id), "{request_id} ended twice");
            ended += 1;
        }
    }
    let status = engine.status();
    assert_eq!((status.active, status.waiting), (0, 0));
    // A seeded request that is alone begins with an empty cache: nothing else is in it then.
    let mut seeded = greedy(10_000, "Hello", 3);
    seeded.prompt.sampling.seed = Some(1);
    let answer = engine.generate(seeded).unwrap();
    let used = engine.status().cache_tokens_used;
    assert_eq!(
        used,
        answer.done.input_tokens + answer.done.output_tokens - 1
    );
}

#[test]
fn a_reader_who_pauses_finds_everything() {
    let mut engine = Engine::with_sequences(2_048, 4, 8_192);
    for id in 0..4 {
        engine.send(&NodeMessage::Generate(greedy(id, "Write a book", 1_500)));
    }
    // Nothing is read until the socket is full and the engine waits; pings queue up meanwhile.
    for ping_id in 0..40 {
        engine.send(&NodeMessage::Ping { ping_id });
    }
    let (mut pongs, mut done) = (0, 0);
    while done < 4 {
        match engine.receive() {
            EngineMessage::Pong { .. } => pongs += 1,
            EngineMessage::Done(answer) => {
                assert_eq!(answer.finish_reason, FinishReason::Length);
                done += 1;
            }
            _ => {}
        }
    }
    assert!(pongs > 0);
}

#[test]
fn bare_text_is_continued_and_tokens_are_counted() {
    let mut engine = Engine::with_tiny_model(512);
    let input = Input::Text {
        text: "Hello there".to_owned(),
    };
    engine.send(&NodeMessage::CountTokens(
        guildhall_engine_protocol::CountTokens {
            request_id: 4,
            input: input.clone(),
        },
    ));
    let EngineMessage::TokenCount {
        request_id: 4,
        input_tokens,
    } = engine.receive()
    else {
        panic!("no count");
    };
    let prompt = Prompt::new(input, 5);
    let answer = engine
        .generate(Generate {
            request_id: 1,
            prompt,
        })
        .unwrap();
    assert_eq!(answer.started.input_tokens, input_tokens);
    assert_eq!(answer.done.output_tokens, 5);
}
