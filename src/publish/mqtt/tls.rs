//! Encrypted connections, with the broker's certificate checked.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rumqttc::tokio_rustls::rustls::crypto::ring;
use rumqttc::tokio_rustls::rustls::pki_types::CertificateDer;
use rumqttc::tokio_rustls::rustls::pki_types::pem::PemObject;
use rumqttc::tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::publish::PublishError;

/// Where systems keep the certificates that they trust: Debian and Alpine, Fedora, macOS.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// What a connection checks a broker against: the certificates of a file, or else the system's.
///
/// # Errors
/// There is no such file, or no certificate in it.
pub(super) fn config(ca_file: Option<&Path>) -> Result<Arc<ClientConfig>, PublishError> {
    let system = || SYSTEM.iter().map(Path::new).find(|path| path.exists()).unwrap_or(Path::new(SYSTEM[0]));
    let path = ca_file.unwrap_or_else(system);
    let unreadable =
        |source| PublishError::Unreadable { key: "mqtt.ca_file", path: path.to_path_buf(), source };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold certificates that are not understood: they are left out.
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
    if roots.is_empty() {
        return Err(unreadable(io::Error::other("there is no certificate (PEM) in it")));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let message = || config(Some(&path)).map(drop).unwrap_err().to_string();
        assert!(message().starts_with("mqtt.ca_file: "), "{}", message());
        std::fs::write(&path, "no certificate").unwrap();
        assert!(message().contains("no certificate (PEM)"), "{}", message());
    }
}
