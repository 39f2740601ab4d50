//! Every SQL statement on the security and sign-up settings: one row each.

use guildhall_db::{Reader, Tx, params};
use guildhall_kernel::Result;
use serde::{Serialize, de::DeserializeOwned};

use super::settings::{SecuritySettings, SignUpSettings};

/// An enum's stored name is its name in JSON.
fn from_name<T: DeserializeOwned>(name: String) -> Result<T> {
    Ok(serde_json::from_value(serde_json::Value::String(name))?)
}

fn to_name<T: Serialize>(value: T) -> Result<String> {
    let json = serde_json::to_value(value)?;
    Ok(json.as_str().unwrap_or_default().to_owned())
}

pub(super) fn read_security(reader: &Reader<'_>) -> Result<SecuritySettings> {
    reader.query_one(
        "SELECT password_length_min, second_factor, session_idle_minutes, session_max_hours
         FROM security_settings WHERE id = 1",
        params![],
        |row| {
            Ok(SecuritySettings {
                password_length_min: row.get("password_length_min")?,
                second_factor: from_name(row.get("second_factor")?)?,
                session_idle_minutes: row.get("session_idle_minutes")?,
                session_max_hours: row.get("session_max_hours")?,
            })
        },
    )
}

pub(super) fn update_security(tx: &Tx<'_>, settings: &SecuritySettings) -> Result<()> {
    tx.execute(
        "UPDATE security_settings SET password_length_min = ?, second_factor = ?,
             session_idle_minutes = ?, session_max_hours = ? WHERE id = 1",
        params![
            settings.password_length_min,
            to_name(settings.second_factor)?,
            settings.session_idle_minutes,
            settings.session_max_hours
        ],
    )?;
    Ok(())
}

pub(super) fn read_sign_up(reader: &Reader<'_>) -> Result<SignUpSettings> {
    reader.query_one(
        "SELECT mode, allowed_domains, blocked_domains FROM sign_up_settings WHERE id = 1",
        params![],
        |row| {
            Ok(SignUpSettings {
                mode: from_name(row.get("mode")?)?,
                allowed_domains: serde_json::from_str(&row.get::<String>("allowed_domains")?)?,
                blocked_domains: serde_json::from_str(&row.get::<String>("blocked_domains")?)?,
            })
        },
    )
}

pub(super) fn update_sign_up(tx: &Tx<'_>, settings: &SignUpSettings) -> Result<()> {
    tx.execute(
        "UPDATE sign_up_settings SET mode = ?, allowed_domains = ?, blocked_domains = ? WHERE id = 1",
        params![
            to_name(settings.mode)?,
            serde_json::to_string(&settings.allowed_domains)?,
            serde_json::to_string(&settings.blocked_domains)?
        ],
    )?;
    Ok(())
}
