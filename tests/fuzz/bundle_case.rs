//! What is done with the bytes of a case, by the fuzzer and by `tests/bundle_fuzz.rs`.

use lookhear::engine::{Backend, Setup};
use lookhear::model::Bundle;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Loads the bytes as they are, and with a hash that fits: what lies behind the check of the hash
/// would never be reached otherwise. A bundle that loads must run, or say why it does not.
pub(crate) fn run(data: &[u8]) {
    for bytes in [Some(data.to_vec()), seal(data)].into_iter().flatten() {
        if let Ok(bundle) = Bundle::from_bytes(bytes, "case".into()) {
            let setup = Setup { backend: Backend::Int, threads: Some(1), ..Setup::default() };
            if let Err(error) = bundle.engine(&setup) {
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

/// The same bundle with a hash that fits, if it is so much as a safetensors file with a manifest.
fn seal(data: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = data.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (header, tensors) = rest.split_at_checked(length)?;
    let mut header: Value = serde_json::from_slice(header).ok()?;
    let metadata = header.get_mut("__metadata__")?;
    let manifest = metadata.get("lookhear")?.as_str()?;
    let hash = Sha256::new().chain_update(manifest).chain_update(tensors).finalize();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    *metadata.get_mut("sha256")? = Value::String(hash);
    let mut header = serde_json::to_vec(&header).ok()?;
    // As the format asks for, tensors begin at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = (header.len() as u64).to_le_bytes();
    Some([&length[..], &header[..], tensors].concat())
}
