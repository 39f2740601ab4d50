//! Values that go into statements.

use std::borrow::Cow;

use guildhall_kernel::{Id, IdKind, Timestamp};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

/// One value of a statement or a row, in the five storage classes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number, a truth value (0 or 1) or an instant (UTC milliseconds).
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text: also ids and JSON.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(Cow<'a, [u8]>),
    /// A number too large for the database; binding it is an error.
    TooLarge(u64),
}

/// A type that can stand in `params![…]`.
pub trait ToValue {
    /// The value as stored.
    fn to_value(&self) -> Value<'_>;
}

/// The parameters of a statement, in the order of its `?1, ?2, …`.
///
/// ```
/// # use guildhall_db::{params, Tx};
/// # fn rename(tx: &Tx<'_>, id: &str, name: &str) -> guildhall_kernel::Result<usize> {
/// tx.execute("UPDATE people SET name = ?2 WHERE id = ?1", params![id, name])
/// # }
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::ToValue::to_value(&$value)),*]
    };
}

pub(crate) struct Bound<'a>(pub(crate) &'a Value<'a>);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
            Value::TooLarge(number) => {
                let message = format!("{number} does not fit a 64-bit signed column");
                return Err(rusqlite::Error::ToSqlConversionFailure(message.into()));
            }
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl ToValue for Value<'_> {
    fn to_value(&self) -> Value<'_> {
        self.clone()
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        self.as_str().to_value()
    }
}

impl ToValue for Cow<'_, str> {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Borrowed(self))
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Blob(Cow::Borrowed(self))
    }
}

impl<const LENGTH: usize> ToValue for [u8; LENGTH] {
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        self.as_slice().to_value()
    }
}

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl ToValue for i64 {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(*self)
    }
}

impl ToValue for i32 {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl ToValue for u16 {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl ToValue for u32 {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl ToValue for u64 {
    fn to_value(&self) -> Value<'_> {
        i64::try_from(*self).map_or(Value::TooLarge(*self), Value::Integer)
    }
}

impl ToValue for usize {
    fn to_value(&self) -> Value<'_> {
        i64::try_from(*self).map_or(Value::TooLarge(u64::MAX), Value::Integer)
    }
}

impl ToValue for f64 {
    fn to_value(&self) -> Value<'_> {
        Value::Real(*self)
    }
}

impl ToValue for Timestamp {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(self.as_millis())
    }
}

impl<K: IdKind> ToValue for Id<K> {
    fn to_value(&self) -> Value<'_> {
        Value::Text(Cow::Owned(self.to_string()))
    }
}
