//! Rows that come out of queries.

use std::{any::type_name, borrow::Cow};

use guildhall_kernel::{Error, Id, IdKind, Result, Timestamp};
use rusqlite::types::ValueRef;

use crate::{error::sqlite_error, value::Value};

/// One row of a query's answer.
pub struct Row<'a>(pub(crate) &'a rusqlite::Row<'a>);

/// A type that a column can be read as.
pub trait FromColumn: Sized {
    /// The value as this type; `None` when it is not one.
    fn from_column(value: Value<'_>) -> Option<Self>;
}

impl Row<'_> {
    /// The column called `column`.
    ///
    /// # Errors
    /// Internal, when there is no such column or its value is not a `T`.
    pub fn get<T: FromColumn>(&self, column: &str) -> Result<T> {
        let value = self.0.get_ref(column);
        convert(value.map_err(sqlite_error)?, || format!("`{column}`"))
    }

    /// The column at `index`, from 0.
    ///
    /// # Errors
    /// Internal, when there is no such column or its value is not a `T`.
    pub fn get_at<T: FromColumn>(&self, index: usize) -> Result<T> {
        let value = self.0.get_ref(index);
        convert(value.map_err(sqlite_error)?, || format!("{index}"))
    }
}

fn convert<T: FromColumn>(stored: ValueRef<'_>, column: impl Fn() -> String) -> Result<T> {
    let value = match stored {
        ValueRef::Null => Some(Value::Null),
        ValueRef::Integer(number) => Some(Value::Integer(number)),
        ValueRef::Real(number) => Some(Value::Real(number)),
        ValueRef::Text(bytes) => std::str::from_utf8(bytes)
            .ok()
            .map(|text| Value::Text(Cow::Borrowed(text))),
        ValueRef::Blob(bytes) => Some(Value::Blob(Cow::Borrowed(bytes))),
    };
    value.and_then(T::from_column).ok_or_else(|| {
        Error::internal(format!(
            "column {} holds {} that is not a {}",
            column(),
            stored.data_type(),
            type_name::<T>(),
        ))
    })
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(value: Value<'_>) -> Option<Self> {
        if value == Value::Null {
            return Some(None);
        }
        T::from_column(value).map(Some)
    }
}

impl FromColumn for String {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl FromColumn for Vec<u8> {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.into_owned()),
            _ => None,
        }
    }
}

impl FromColumn for i64 {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

macro_rules! from_integer_column {
    ($($integer:ty),*) => {$(
        impl FromColumn for $integer {
            fn from_column(value: Value<'_>) -> Option<Self> {
                i64::from_column(value).and_then(|number| Self::try_from(number).ok())
            }
        }
    )*};
}
from_integer_column!(i32, u16, u32, u64, usize);

impl FromColumn for bool {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl FromColumn for f64 {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Real(number) => Some(number),
            _ => None,
        }
    }
}

impl FromColumn for Timestamp {
    fn from_column(value: Value<'_>) -> Option<Self> {
        i64::from_column(value).map(Self::from_millis)
    }
}

impl<K: IdKind> FromColumn for Id<K> {
    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
