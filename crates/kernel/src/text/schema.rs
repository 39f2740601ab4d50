//! How the OpenAPI document describes texts that many requests carry: what the rules say, as a JSON Schema can.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// White space around it does not count; something to see, and no control characters.
const LINE: &str =
    r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$";
/// One `@` with something before it, and a domain after it that neither begins nor ends with a dot.
const EMAIL: &str = r"^\s*[^\s@\x00-\x1f\x7f-\x9f]+@[^\s@.\x00-\x1f\x7f-\x9f]([^\s@\x00-\x1f\x7f-\x9f]*[^\s@.\x00-\x1f\x7f-\x9f])?\s*$";

/// A name of 1 to 80 characters.
pub struct NameText;
/// What an employee is called: 1 to 60 characters.
pub struct PersonaText;
/// A title of 1 to 120 characters.
pub struct TitleText;
/// An e-mail address.
pub struct EmailText;
/// A password to be set. How long it must be is a setting of the node, of 8 characters at least.
pub struct PasswordText;

macro_rules! texts {
    ($($name:ident, $description:literal, $schema:expr;)*) => {
        $(impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description));
                let bound: fn(ObjectBuilder) -> ObjectBuilder = $schema;
                bound(text).build().into()
            }
        }
        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        })*
    };
}

texts! {
    NameText, "A name of 1 to 80 characters.", |text| line(text, 80);
    PersonaText, "A name of 1 to 60 characters.", |text| line(text, 60);
    TitleText, "A title of 1 to 120 characters.", |text| line(text, 120);
    EmailText, "An e-mail address.", |text| {
        text.pattern(Some(EMAIL)).min_length(Some(3)).max_length(Some(254))
    };
    PasswordText, "A password to be set; how long it must be at least is a setting of the node.", |text| {
        text.min_length(Some(8)).max_length(Some(1024))
    };
}

fn line(text: ObjectBuilder, characters_max: usize) -> ObjectBuilder {
    text.pattern(Some(LINE))
        .min_length(Some(1))
        .max_length(Some(characters_max))
}
