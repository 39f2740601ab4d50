//! Provisional.

use guildhall_db::Db;
use guildhall_kernel::{Result, Timestamp};
use serde_json::{Value, json};

use crate::keys::Keys;

pub struct Trust;

impl Trust {
    pub async fn open(_db: &Db) -> Result<Self> {
        Ok(Self)
    }
    pub fn root_name(&self) -> &'static str {
        "development"
    }
    pub fn version(&self) -> Option<u64> {
        None
    }
    pub fn warnings(&self, _keys: &Keys, _now: Timestamp) -> Vec<String> {
        Vec::new()
    }
    pub fn describe(&self) -> Value {
        json!({})
    }
    pub fn verify_licence(&self, _envelope: &[u8], _now: Timestamp) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }
}
pub fn import_blocking(_db: &Db, _bytes: &[u8], _now: Timestamp) -> Result<u64> {
    Ok(0)
}
