#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

/// Holds per sequence what llama.cpp would hold.
#[derive(Debug, Default)]
struct Fake {
    lengths: Vec<usize>,
    can_cut: bool,
}

impl Memory for Fake {
    fn share(&mut self, from: usize, to: usize, length: usize) -> bool {
        assert_eq!(self.lengths[to], 0, "copied over something");
        assert!(length <= self.lengths[from]);
        assert!(self.can_cut || length == self.lengths[from]);
        self.lengths[to] = length;
        true
    }

    fn cut(&mut self, sequence: usize, length: usize) -> bool {
        if !self.can_cut && length > 0 {
            return false;
        }
        self.lengths[sequence] = length;
        true
    }
}

struct World {
    cache: Cache,
    memory: Fake,
}

impl World {
    fn new(sequences: usize, cells: usize, can_cut: bool) -> Self {
        Self {
            cache: Cache::new(sequences, cells, can_cut),
            memory: Fake {
                lengths: vec![0; sequences],
                can_cut,
            },
        }
    }

    fn take(&mut self, prompt: &[i32], answer: usize) -> Option<(usize, usize)> {
        let prompt = tokens(prompt);
        let need = Need {
            prompt: &prompt,
            cells: prompt.len() + answer,
            adapter: None,
            fresh: false,
        };
        let taken = self.cache.take(&need, &mut self.memory);
        if let Some((sequence, common)) = taken {
            self.append(sequence, &prompt[common..]);
        }
        taken
    }

    fn append(&mut self, sequence: usize, tokens: &[LlamaToken]) {
        assert!(self.cache.append(sequence, tokens), "a promise was broken");
        self.memory.lengths[sequence] += tokens.len();
    }
}

fn tokens(numbers: &[i32]) -> Vec<LlamaToken> {
    numbers
        .iter()
        .map(|number| LlamaToken::new(*number))
        .collect()
}

#[test]
fn a_conversation_goes_on_in_its_sequence() {
    let mut world = World::new(4, 100, true);
    let (first, common) = world.take(&[1, 2, 3, 4], 2).unwrap();
    assert_eq!(common, 0);
    world.append(first, &tokens(&[5, 6]));
    world.cache.release(first);
    assert_eq!(world.take(&[1, 2, 3, 4, 5, 6, 7], 2), Some((first, 6)));
    assert_eq!(world.cache.used(), 7);
}

#[test]
fn running_sequences_share_their_beginning() {
    let mut world = World::new(4, 100, true);
    let (first, _) = world.take(&[1, 2, 3, 4], 10).unwrap();
    let (second, common) = world.take(&[1, 2, 3, 9], 10).unwrap();
    assert_ne!(first, second);
    assert_eq!(common, 3);
    assert_eq!(world.cache.used(), 5, "three cells are shared");
}

#[test]
fn the_last_token_is_always_computed() {
    let mut world = World::new(2, 100, true);
    let (first, _) = world.take(&[1, 2, 3], 1).unwrap();
    world.cache.release(first);
    assert_eq!(world.take(&[1, 2, 3], 1), Some((first, 2)));
}

#[test]
fn cells_are_promised_once_and_the_oldest_idle_ones_give_way() {
    let mut world = World::new(4, 20, true);
    let (first, _) = world.take(&[1, 2, 3, 4, 5], 5).unwrap();
    world.cache.release(first);
    let (second, _) = world.take(&[6, 7, 8, 9, 10], 0).unwrap();
    world.cache.release(second);
    let (third, _) = world.take(&[11, 12], 10).unwrap();
    assert_eq!(world.cache.tokens(first), &[], "the oldest one gave way");
    assert_eq!(world.cache.tokens(second).len(), 5);
    assert_eq!(world.take(&[20; 5], 8), None, "12 of 20 are promised");
    world.cache.release(third);
    assert!(world.take(&[20; 5], 8).is_some());
}

#[test]
fn models_that_cannot_forget_use_whole_sequences_only() {
    let mut world = World::new(4, 100, false);
    let (first, _) = world.take(&[1, 2, 3, 4], 1).unwrap();
    world.cache.release(first);
    assert_eq!(world.take(&[1, 2, 3, 9], 1).unwrap().1, 0);
    assert_eq!(world.take(&[1, 2, 3, 4, 5], 1), Some((first, 4)));
    world.cache.shorten(first, 4, &mut world.memory);
    assert_eq!(world.cache.tokens(first), &[], "it starts anew");
}

#[test]
fn adapters_do_not_share() {
    let mut world = World::new(4, 100, true);
    let (first, _) = world.take(&[1, 2, 3, 4], 1).unwrap();
    world.cache.release(first);
    let prompt = tokens(&[1, 2, 3, 4]);
    let need = Need {
        prompt: &prompt,
        cells: 5,
        adapter: Some(0),
        fresh: false,
    };
    assert_eq!(world.cache.take(&need, &mut world.memory).unwrap().1, 0);
}

#[derive(Debug, Clone)]
enum Act {
    Take(Vec<i32>, usize),
    Write(usize),
    Shorten(usize, usize),
    Release(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (proptest::collection::vec(0..3_i32, 1..12), 0_usize..12)
            .prop_map(|(prompt, answer)| Act::Take(prompt, answer)),
        (0_usize..8).prop_map(Act::Write),
        (0_usize..8, 0_usize..12).prop_map(|(index, length)| Act::Shorten(index, length)),
        (0_usize..8).prop_map(Act::Release),
    ]
}

proptest! {
    #[test]
    fn no_cell_is_lost_and_no_promise_broken(
        acts in proptest::collection::vec(act(), 1..120),
        can_cut: bool,
    ) {
        let mut world = World::new(5, 40, can_cut);
        let mut running: Vec<(usize, usize)> = Vec::new();
        for act in acts {
            match act {
                Act::Take(prompt, answer) => {
                    let idle = running.len() < 5;
                    if idle && let Some((sequence, _)) = world.take(&prompt, answer) {
                        running.push((sequence, prompt.len() + answer));
                    }
                }
                Act::Write(index) => {
                    if let Some((sequence, most)) = running.get(index).copied()
                        && world.cache.tokens(sequence).len() < most
                    {
                        world.append(sequence, &tokens(&[7]));
                    }
                }
                Act::Shorten(index, length) => {
                    if let Some((sequence, _)) = running.get(index).copied() {
                        world.cache.shorten(sequence, length, &mut world.memory);
                    }
                }
                Act::Release(index) => {
                    if index < running.len() {
                        let (sequence, _) = running.remove(index);
                        world.cache.release(sequence);
                    }
                }
            }
            for sequence in 0..5 {
                prop_assert_eq!(
                    world.cache.tokens(sequence).len(),
                    world.memory.lengths[sequence]
                );
            }
            prop_assert!(world.cache.used() <= 40);
        }
        for (sequence, _) in running {
            world.cache.release(sequence);
        }
        world.cache.forget_idle(&mut world.memory);
        prop_assert_eq!(world.cache.used(), 0);
        prop_assert!(world.memory.lengths.iter().all(|length| *length == 0));
    }
}
