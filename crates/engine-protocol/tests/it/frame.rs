use std::io::Cursor;

use guildhall_engine_protocol::frame::{
    FRAME_BYTES_MAX, FrameError, asynchronous, encode, read_frame, write_frame,
};
use guildhall_engine_protocol::{
    ChatMessage, ChatRole, EngineMessage, Failure, Generate, Input, NodeMessage, OnOverflow,
    Prompt, Sampling, codes,
};
use proptest::prelude::*;

use crate::allocation::peak_of;

fn generate() -> NodeMessage {
    NodeMessage::Generate(Generate {
        request_id: 7,
        prompt: Prompt {
            sampling: Sampling {
                temperature: 0.7,
                seed: Some(3),
                ..Sampling::default()
            },
            stop: vec!["\n\n".to_owned()],
            on_overflow: OnOverflow::Refuse,
            ..Prompt::new(
                Input::chat(vec![ChatMessage::new(ChatRole::User, "Grüß dich 北京")]),
                64,
            )
        },
    })
}

#[test]
fn messages_travel_unchanged_one_after_the_other() {
    let messages = [
        generate(),
        NodeMessage::Cancel { request_id: 7 },
        NodeMessage::Shutdown,
    ];
    let mut stream = Vec::new();
    for message in &messages {
        write_frame(&mut stream, message).unwrap();
    }

    let mut reader = Cursor::new(stream);
    for message in messages {
        assert_eq!(
            read_frame::<NodeMessage>(&mut reader).unwrap(),
            Some(message)
        );
    }
    assert_eq!(read_frame::<NodeMessage>(&mut reader).unwrap(), None);
}

#[test]
fn a_failed_request_is_one_flat_object() {
    let message = EngineMessage::RequestFailed {
        request_id: 9,
        failure: Failure::new(
            codes::ENGINE_BUSY,
            "64 requests wait already; try again later",
        ),
    };
    let frame = encode(&message).unwrap();
    assert_eq!(
        std::str::from_utf8(&frame[4..]).unwrap(),
        r#"{"type":"request_failed","request_id":9,"code":"engine_busy","message":"64 requests wait already; try again later"}"#
    );
    assert_eq!(read_frame(&mut Cursor::new(frame)).unwrap(), Some(message));
}

#[test]
fn a_frame_that_claims_too_much_is_refused_without_taking_memory() {
    let claimed = u32::try_from(FRAME_BYTES_MAX + 1).unwrap();
    let mut bytes = claimed.to_le_bytes().to_vec();
    bytes.extend(b"{}");
    let (result, peak) = peak_of(|| read_frame::<NodeMessage>(&mut Cursor::new(bytes)));
    assert!(matches!(result, Err(FrameError::TooLong { bytes }) if bytes == FRAME_BYTES_MAX + 1));
    assert!(peak < 4096, "{peak} bytes were held");
}

#[test]
fn a_message_that_exceeds_a_frame_is_not_sent() {
    let text = "x".repeat(FRAME_BYTES_MAX);
    let mut stream = Vec::new();
    let result = write_frame(
        &mut stream,
        &EngineMessage::Token {
            request_id: 1,
            text,
            logprobs: Vec::new(),
        },
    );
    assert!(matches!(result, Err(FrameError::TooLong { .. })));
    assert!(stream.is_empty());
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_an_error() {
    let frame = encode(&generate()).unwrap();
    for end in 1..frame.len() {
        let result = read_frame::<NodeMessage>(&mut Cursor::new(&frame[..end]));
        assert!(matches!(result, Err(FrameError::Io(_))), "cut at {end}");
    }
}

#[tokio::test]
async fn asynchronous_frames_are_the_same_bytes() {
    let mut stream = Vec::new();
    asynchronous::write_frame(&mut stream, &generate())
        .await
        .unwrap();
    assert_eq!(stream, encode(&generate()).unwrap());

    let mut reader = stream.as_slice();
    let read = asynchronous::read_frame::<NodeMessage>(&mut reader)
        .await
        .unwrap();
    assert_eq!(read, Some(generate()));
    assert_eq!(
        asynchronous::read_frame::<NodeMessage>(&mut reader)
            .await
            .unwrap(),
        None
    );

    let cut = &stream[..stream.len() - 1];
    assert!(
        asynchronous::read_frame::<NodeMessage>(&mut &*cut)
            .await
            .is_err()
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_memory_follows_what_is_there(
        bytes in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        let (_, peak) = peak_of(|| read_frame::<NodeMessage>(&mut Cursor::new(&bytes)).is_ok());
        prop_assert!(peak < 64 * 1024, "{peak} bytes were held for {} bytes", bytes.len());
    }
}
