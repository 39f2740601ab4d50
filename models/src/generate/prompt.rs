//! From a conversation to the tokens of a prompt.

use guildhall_engine_protocol::{ChatMessage, Failure, codes};
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::token::LlamaToken;

use super::control::{ControlTexts, MARK};

/// More bytes of text than any tokeniser puts into a token on average: a quick refusal of what
/// cannot fit, before time is spent on counting it.
const TOKEN_BYTES_MAX: usize = 128;
/// What ends a turn in ChatML, for models that do not know it as a control token.
const CHATML_STOPS: [&str; 2] = ["<|im_end|>", "<|im_start|>"];

/// How a model wants its prompts.
pub(super) struct PromptFormat {
    template: LlamaChatTemplate,
    /// Whether ChatML stands in for the model's own template, and why.
    stand_in: Option<&'static str>,
    control: ControlTexts,
    begin: Option<LlamaToken>,
}

impl PromptFormat {
    /// The model's own template when llama.cpp knows it, otherwise ChatML.
    ///
    /// # Errors
    /// Never in practice: when the name of ChatML is no text for llama.cpp.
    pub(super) fn of(model: &LlamaModel) -> Result<Self, Failure> {
        let vocab = model.vocab();
        let begin = vocab.should_add_bos().then(|| vocab.bos());
        let control = ControlTexts::of(model);
        let (template, stand_in) = match model.chat_template(None) {
            Ok(template) if is_known(model, &template) => (Some(template), None),
            Ok(_) => (
                None,
                Some("the model's chat template is of an unknown kind"),
            ),
            Err(_) => (None, Some("the model has no chat template")),
        };
        let template = match template {
            Some(template) => template,
            None => LlamaChatTemplate::new("chatml").map_err(template_failed)?,
        };
        Ok(Self {
            template,
            stand_in,
            control,
            begin,
        })
    }

    /// What a person should know about the template.
    pub(super) fn note(&self) -> Option<String> {
        self.stand_in
            .map(|why| format!("{why}; ChatML is used, answers may be poor"))
    }

    /// Texts that end an answer because of the template.
    pub(super) fn stops(&self) -> &'static [&'static str] {
        if self.stand_in.is_some() {
            &CHATML_STOPS
        } else {
            &[]
        }
    }

    /// The tokens of a conversation, ready for the model's answer; `None` when there are more
    /// than `limit`.
    ///
    /// # Errors
    /// When the template refuses the conversation.
    pub(super) fn tokens(
        &self,
        model: &LlamaModel,
        messages: &[&ChatMessage],
        limit: usize,
    ) -> Result<Option<Vec<LlamaToken>>, Failure> {
        let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        if bytes > limit.saturating_mul(TOKEN_BYTES_MAX) {
            return Ok(None);
        }
        let prompt = self.render(model, messages)?;
        let mut tokens: Vec<LlamaToken> = self.begin.into_iter().collect();
        for piece in prompt.split(MARK) {
            tokens.extend(model.vocab().tokenize(piece.as_bytes(), false, true));
        }
        // Some templates write the token of beginning themselves.
        if let (Some(begin), Some([first, second])) = (self.begin, tokens.first_chunk())
            && *first == begin
            && *second == begin
        {
            tokens.remove(0);
        }
        Ok((tokens.len() <= limit).then_some(tokens))
    }

    fn render(&self, model: &LlamaModel, messages: &[&ChatMessage]) -> Result<String, Failure> {
        let chat: Result<Vec<_>, _> = messages
            .iter()
            .map(|message| {
                let content = self.control.disarm(&message.content);
                LlamaChatMessage::new(message.role.as_str().to_owned(), content)
            })
            .collect();
        let chat = chat.map_err(template_failed)?;
        model
            .apply_chat_template(&self.template, &chat, true)
            .map_err(template_failed)
    }
}

fn is_known(model: &LlamaModel, template: &LlamaChatTemplate) -> bool {
    LlamaChatMessage::new("user".to_owned(), "Hello".to_owned()).is_ok_and(|message| {
        model
            .apply_chat_template(template, &[message], true)
            .is_ok()
    })
}

fn template_failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(
        codes::TEMPLATE_FAILED,
        format!("the model's chat template cannot be applied ({error}); choose another model"),
    )
}
