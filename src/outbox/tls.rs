//! Trust towards the broker: which authorities, and this box's own certificate.
//!
//! There is no way to switch verification off. Files are read at every connection, so a certificate renewed on the disk is used without a restart.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};

use super::cause::Cause;
use crate::config::settings::TlsSettings;

/// The TLS configuration, from the files as they are now.
pub(super) fn config(settings: &TlsSettings) -> Result<Arc<ClientConfig>, Cause> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&settings.ca)? {
        roots.add(certificate).map_err(|error| unusable(&settings.ca, &error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Cause::Tls(error.to_string()))?
        .with_root_certificates(roots);
    let config = match &settings.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            private(&client.key)?;
            let key = PrivateKeyDer::from_pem_file(&client.key).map_err(|error| unusable(&client.key, &error.to_string()))?;
            builder
                .with_client_auth_cert(certificates(&client.certificate)?, key)
                .map_err(|error| unusable(&client.certificate, &error.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| unusable(path, &error.to_string()))?;
    if found.is_empty() { Err(unusable(path, "no certificate in it")) } else { Ok(found) }
}

/// A key that others can read is not a secret any more (ETSI EN 303 645, 5.4).
fn private(key: &Path) -> Result<(), Cause> {
    let mode = std::fs::metadata(key).map_err(|error| unusable(key, &error.to_string()))?.permissions();
    if mode.mode() & 0o077 == 0 { Ok(()) } else { Err(readable_by_others(key, &mode)) }
}

fn readable_by_others(key: &Path, mode: &Permissions) -> Cause {
    unusable(key, &format!("mode {:03o} lets others read the key; `chmod 600` it", mode.mode() & 0o777))
}

fn unusable(path: &Path, why: &str) -> Cause {
    Cause::CertificateFile(format!("{}: {why}", path.display()))
}

/// Why the handshake failed.
pub(super) fn cause(error: &Error) -> Cause {
    match error {
        Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => Cause::WrongHost,
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => Cause::ExpiredCertificate,
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => Cause::EarlyCertificate,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => Cause::UntrustedCertificate,
        // These alerts are what the broker says about our certificate; its own we judge ourselves.
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => Cause::ClientCertificate,
        other => Cause::Tls(other.to_string()),
    }
}
