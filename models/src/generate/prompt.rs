//! From a conversation to the tokens of a prompt.

use std::sync::Mutex;

use guildhall_engine_protocol::{Chat, ChatMessage, ChatRole, Failure, Tool, ToolChoice, codes};
use llama_cpp_2::model::{LlamaChatMessage, LlamaChatTemplate, LlamaModel};
use llama_cpp_2::token::LlamaToken;
use serde_json::{Value, json};

use super::control::{ControlTexts, MARK};
use super::conversation::{flatten, fold_system, message_view, tool_view};
use super::template::{JinjaTemplate, View};
use super::tools::ToolFormat;

/// More bytes of text than any tokeniser puts into a token on average: a quick refusal of what
/// cannot fit, before time is spent on counting it.
const TOKEN_BYTES_MAX: usize = 128;
/// What ends a turn in ChatML, for models that do not know it as a control token.
const CHATML_STOPS: [&str; 2] = ["<|im_end|>", "<|im_start|>"];

/// How a model wants its prompts.
pub(super) struct PromptFormat<'model> {
    model: &'model LlamaModel,
    /// The template as llama.cpp knows it, or ChatML in its stead.
    builtin: Option<LlamaChatTemplate>,
    /// The model's own template, when it compiles and renders.
    own: Option<JinjaTemplate>,
    /// How the model's own template writes tool calls.
    own_tools: Option<ToolFormat>,
    /// Why ChatML stands in for the model's own template, if it does.
    stand_in: Option<String>,
    control: ControlTexts,
    begin: Option<LlamaToken>,
    begin_text: String,
    end_text: String,
    /// The system part looked at last, and its length in tokens.
    system: Mutex<Option<(String, usize)>>,
}

/// What is put into a prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns<'a> {
    pub(super) messages: &'a [&'a ChatMessage],
    /// Tools the model may call; none when it must not.
    pub(super) tools: &'a [Tool],
    /// Whether the answer must be a call.
    pub(super) forced: bool,
}

impl<'model> PromptFormat<'model> {
    /// The model's own template as far as it works, otherwise ChatML.
    ///
    /// # Errors
    /// Never in practice: when the name of ChatML is no text for llama.cpp.
    pub(super) fn of(model: &'model LlamaModel) -> Result<Self, Failure> {
        let vocab = model.vocab();
        let template = model.chat_template(None).ok();
        let source = template
            .as_ref()
            .and_then(|template| template.to_str().ok())
            .unwrap_or_default();
        let text_of = |token: LlamaToken| {
            vocab
                .text(token)
                .and_then(|text| text.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let mut format = Self {
            model,
            builtin: template
                .clone()
                .filter(|template| is_known(model, template)),
            own: None,
            own_tools: ToolFormat::of_template(source),
            stand_in: None,
            control: ControlTexts::of(model, source),
            begin: vocab.should_add_bos().then(|| vocab.bos()),
            begin_text: text_of(vocab.bos()),
            end_text: text_of(vocab.eos()),
            system: Mutex::new(None),
        };
        let own = (!source.is_empty()).then(|| JinjaTemplate::compile(source));
        let own = own.map(|own| own.and_then(|own| format.probe(&own).map(|()| own)));
        let problem = match own {
            Some(Ok(own)) => {
                format.own = Some(own);
                None
            }
            Some(Err(reason)) => Some(format!(
                "the model's chat template does not work ({reason})"
            )),
            None => Some("the model has no chat template".to_owned()),
        };
        if format.own.is_none() {
            format.own_tools = None;
            if format.builtin.is_none() {
                format.stand_in = problem;
                let chatml = LlamaChatTemplate::new("chatml").map_err(template_failed)?;
                format.builtin = Some(chatml);
            }
        }
        Ok(format)
    }

    /// What a person should know about the template.
    pub(super) fn note(&self) -> Option<String> {
        let why = self.stand_in.as_ref()?;
        Some(format!("{why}; ChatML is used, answers may be poor"))
    }

    /// Whether the model's own template knows tools.
    pub(super) fn knows_tools(&self) -> bool {
        self.own_tools.is_some()
    }

    /// How the model writes tool calls.
    pub(super) fn tool_format(&self) -> ToolFormat {
        self.own_tools.unwrap_or(ToolFormat::Tags)
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
        turns: &Turns<'_>,
        limit: usize,
    ) -> Result<Option<Vec<LlamaToken>>, Failure> {
        let bytes: usize = turns
            .messages
            .iter()
            .map(|message| message.content.len())
            .sum();
        if bytes > limit.saturating_mul(TOKEN_BYTES_MAX) {
            return Ok(None);
        }
        let mut prompt = self.render(turns)?;
        if turns.forced {
            prompt.push_str(self.tool_format().prompt_end());
        }
        let tokens = self.tokenise(&prompt);
        Ok((tokens.len() <= limit).then_some(tokens))
    }

    /// The tokens of bare text; `None` when there are more than `limit`.
    pub(super) fn text_tokens(&self, text: &str, limit: usize) -> Option<Vec<LlamaToken>> {
        if text.len() > limit.saturating_mul(TOKEN_BYTES_MAX) {
            return None;
        }
        let mut tokens = self.tokenise(&self.control.disarm(text));
        if tokens.is_empty() {
            // Something has to be computed for there to be a next token.
            tokens.push(self.model.vocab().bos());
        }
        (tokens.len() <= limit).then_some(tokens)
    }

    /// How many tokens all conversations with the same instructions and tools begin with.
    pub(super) fn system_tokens(&self, chat: &Chat) -> usize {
        let system: Vec<&ChatMessage> = chat
            .messages
            .iter()
            .take_while(|message| message.role == ChatRole::System)
            .collect();
        let tools = offered(chat);
        if system.is_empty() && tools.is_empty() {
            return 0;
        }
        let key = json!({
            "system": system.iter().map(|message| &message.content).collect::<Vec<_>>(),
            "tools": tools,
        })
        .to_string();
        let Ok(mut known) = self.system.lock() else {
            return 0;
        };
        if let Some((known_key, length)) = known.as_ref()
            && *known_key == key
        {
            return *length;
        }
        let length = self.common_tokens(&system, tools);
        *known = Some((key, length));
        length
    }

    fn common_tokens(&self, system: &[&ChatMessage], tools: &[Tool]) -> usize {
        let of = |text: &str| {
            let user = ChatMessage::new(ChatRole::User, text);
            let mut messages = system.to_vec();
            messages.push(&user);
            let turns = Turns {
                messages: &messages,
                tools,
                forced: false,
            };
            self.tokens(&turns, usize::MAX)
                .ok()
                .flatten()
                .unwrap_or_default()
        };
        let (first, second) = (of("Hello"), of("1 2 3"));
        first
            .iter()
            .zip(&second)
            .take_while(|(first, second)| first == second)
            .count()
    }

    fn tokenise(&self, prompt: &str) -> Vec<LlamaToken> {
        let mut tokens: Vec<LlamaToken> = self.begin.into_iter().collect();
        for piece in prompt.split(MARK) {
            tokens.extend(self.model.vocab().tokenize(piece.as_bytes(), false, true));
        }
        // Some templates write the token of beginning themselves.
        if let (Some(begin), Some([first, second])) = (self.begin, tokens.first_chunk())
            && *first == begin
            && *second == begin
        {
            tokens.remove(0);
        }
        tokens
    }

    fn render(&self, turns: &Turns<'_>) -> Result<String, Failure> {
        let has_calls = turns
            .messages
            .iter()
            .any(|message| message.role == ChatRole::Tool || !message.tool_calls.is_empty());
        if has_calls || !turns.tools.is_empty() {
            if let (Some(own), Some(_)) = (&self.own, self.own_tools) {
                return self.render_own(own, turns);
            }
            let flat = flatten(turns);
            let flat: Vec<&ChatMessage> = flat.iter().collect();
            return self.render_plain(&flat);
        }
        self.render_plain(turns.messages)
    }

    /// A conversation without tools, by llama.cpp where it knows the template.
    fn render_plain(&self, messages: &[&ChatMessage]) -> Result<String, Failure> {
        let Some(builtin) = &self.builtin else {
            let turns = Turns {
                messages,
                tools: &[],
                forced: false,
            };
            return match &self.own {
                Some(own) => self.render_own(own, &turns),
                None => Err(template_failed("there is none")),
            };
        };
        let chat: Result<Vec<_>, _> = messages
            .iter()
            .map(|message| {
                let content = self.control.disarm(&message.content);
                LlamaChatMessage::new(message.role.as_str().to_owned(), content)
            })
            .collect();
        let chat = chat.map_err(template_failed)?;
        self.model
            .apply_chat_template(builtin, &chat, true)
            .map_err(template_failed)
    }

    fn render_own(&self, own: &JinjaTemplate, turns: &Turns<'_>) -> Result<String, Failure> {
        let view = self.view(turns);
        let refused = match own.render(&view) {
            Ok(text) => return Ok(text),
            Err(reason) => reason,
        };
        // Some templates know no system role: its content goes into the first message then.
        match fold_system(turns.messages) {
            Some(folded) => {
                let messages: Vec<&ChatMessage> = folded.iter().collect();
                let turns = Turns {
                    messages: &messages,
                    ..*turns
                };
                own.render(&self.view(&turns)).map_err(template_failed)
            }
            None => Err(template_failed(refused)),
        }
    }

    fn view(&self, turns: &Turns<'_>) -> View {
        let tools: Vec<Value> = turns
            .tools
            .iter()
            .map(|tool| tool_view(&self.control, tool))
            .collect();
        View {
            messages: turns
                .messages
                .iter()
                .map(|message| message_view(&self.control, message))
                .collect(),
            tools: (!tools.is_empty()).then_some(tools),
            add_generation_prompt: true,
            bos_token: self.begin_text.clone(),
            eos_token: self.end_text.clone(),
        }
    }

    fn probe(&self, own: &JinjaTemplate) -> Result<(), String> {
        let hello = ChatMessage::new(ChatRole::User, "Hello");
        let turns = Turns {
            messages: &[&hello],
            tools: &[],
            forced: false,
        };
        let text = own.render(&self.view(&turns))?;
        if text.contains("Hello") {
            Ok(())
        } else {
            Err("it leaves out what is said".to_owned())
        }
    }
}

/// The tools that a conversation offers; none when they must not be called.
pub(super) fn offered(chat: &Chat) -> &[Tool] {
    if chat.tool_choice == ToolChoice::None {
        &[]
    } else {
        &chat.tools
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
