//! One try: a request out, its answer's head checked, its pieces read.

use std::time::{Duration, Instant};

use axum::http::header;
use guildhall_engine_protocol::Prompt;
use guildhall_kernel::{Error, Result};

use super::{
    ProviderRoute, Providers,
    fit::{estimate, fit},
    outlet::{Outlet, Progress},
    settle::{Billed, Measured, settle},
    wire::{
        Frame, Frames, Framing, Outgoing, Piece, Reader, Target, Usage, chat_request, codes,
        not_an_api, of_status,
    },
};
use crate::{
    egress::{Call, Origin, Reply},
    inference::Caller,
};

/// Longest that one answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(900);
/// Of an error's body, only this much is looked at.
const ERROR_BYTES_MAX: usize = 64 << 10;

impl Providers {
    /// Has the provider answer once, from the beginning.
    pub(super) async fn attempt(
        &self,
        route: &ProviderRoute,
        caller: &Caller,
        prompt: &Prompt,
        outlet: &mut Outlet,
    ) -> Result<Billed> {
        let (prompt, trimmed_messages) = fit(prompt.clone(), route.model.context_length);
        let target = Target {
            provider: &route.live.row,
            model: &route.model,
            credentials: self.credentials(&route.live).await?,
            now: self.now(),
        };
        let outgoing = chat_request(target, &prompt)?;
        let request_bytes = outgoing.body.len();
        let mut progress = Progress {
            began: Instant::now(),
            first_piece: None,
            input_tokens: estimate(request_bytes),
            cached_tokens: 0,
            trimmed_messages,
            answer_bytes: 0,
            finish: None,
            stop_text: None,
        };
        let reading = self.read_answer((route, caller), outgoing, &mut progress, outlet);
        let usage = tokio::time::timeout(ANSWER_TIME_MAX, reading).await;
        let usage = usage.map_err(|_| {
            let message = "the provider's answer took longer than 15 minutes and was given up";
            Error::unavailable("egress_timeout", message, 60)
        })??;
        let Some(finish_reason) = progress.finish else {
            return Err(codes::cut());
        };
        let row = &route.live.row;
        let measured = Measured {
            request_bytes,
            answer_bytes: progress.answer_bytes,
            output_max: prompt.max_tokens,
        };
        let billed = settle(
            (row.id, row.route(&route.model)),
            &route.model,
            usage,
            measured,
        );
        outlet.done(&progress, finish_reason, billed.clone()).await;
        Ok(billed)
    }

    async fn read_answer(
        &self,
        (route, caller): (&ProviderRoute, &Caller),
        outgoing: Outgoing,
        progress: &mut Progress,
        outlet: &mut Outlet,
    ) -> Result<Usage> {
        let (mut reply, framing, mut reader) = self.send(route, caller, outgoing).await?;
        let mut frames = Frames::new(framing);
        let (mut usage, mut pieces) = (Usage::default(), Vec::new());
        loop {
            let bytes = match reply.chunk().await {
                Ok(bytes) => bytes,
                // All that was needed has come.
                Err(_) if progress.finish.is_some() => None,
                Err(error) => return Err(in_the_middle(error, outlet)),
            };
            let mut take = |frame: &Frame| reader.read(frame, &mut pieces);
            let read = match &bytes {
                Some(bytes) => frames.feed(bytes, &mut take),
                None => frames.end(&mut take),
            };
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Text {
                        text,
                        tokens,
                        logprobs,
                    } => outlet.text(progress, (text, tokens), logprobs).await,
                    Piece::ToolCall(call) => outlet.tool_call(progress, call).await,
                    Piece::Usage(newer) => {
                        usage = usage.updated(newer);
                        note_input(progress, usage);
                    }
                    Piece::Finish(reason) => progress.finish = Some(reason),
                    Piece::StopText(text) => progress.stop_text = Some(text),
                }
            }
            // What came before a fault has gone on.
            read?;
            if bytes.is_none() {
                return Ok(usage);
            }
        }
    }

    /// Sends a request and checks the head of its answer.
    pub(super) async fn send(
        &self,
        route: &ProviderRoute,
        caller: &Caller,
        outgoing: Outgoing,
    ) -> Result<(Reply, Framing, Box<dyn Reader>)> {
        let row = &route.live.row;
        let call = Call {
            origin: Origin {
                organisation: Some(caller.organisation),
                person: Some(caller.person),
            },
            provider: row.id,
            method: outgoing.method,
            path: outgoing.path,
            headers: outgoing.headers,
            body: outgoing.body,
            timeouts: row.settings.timeouts(),
        };
        let mut reply = self.0.egress.call(call).await?;
        let kind = reply
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if reply.status != 200 {
            // What cannot be read of it changes nothing about the status.
            let body = reply.bytes(ERROR_BYTES_MAX).await.unwrap_or_default();
            return Err(of_status(&row.title, reply.status, &reply.headers, &body));
        }
        if kind.starts_with("text/html") {
            return Err(not_an_api(&row.title));
        }
        // A server that does not stream answers all at once.
        let framing = match outgoing.framing {
            Framing::Events if kind.starts_with("application/json") => Framing::Whole,
            framing => framing,
        };
        Ok((reply, framing, outgoing.reader))
    }
}

/// Figures that come before the first piece are better than the estimate.
fn note_input(progress: &mut Progress, usage: Usage) {
    if let Some(input) = usage.input.and_then(|input| u32::try_from(input).ok()) {
        progress.input_tokens = input;
    }
    if let Some(cached) = usage.cached.and_then(|cached| u32::try_from(cached).ok()) {
        progress.cached_tokens = cached.min(progress.input_tokens);
    }
}

/// A connection lost after the first token is an answer cut short.
fn in_the_middle(error: Error, outlet: &Outlet) -> Error {
    if error.code() == "egress_cut" && outlet.has_spoken {
        return codes::cut().with_source(error);
    }
    error
}
