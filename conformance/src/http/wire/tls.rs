//! TLS below HTTP. What is judged is inside, so any certificate will do.

use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use super::{Address, Endpoint, Limited, Stream, Wire};

impl Wire {
    /// Shakes hands on a stream that is open.
    pub(super) fn tls(mut stream: Stream, endpoint: &Endpoint) -> io::Result<Wire> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let name = match &endpoint.address {
            Address::Tcp(host, _) => host.as_str(),
            Address::Unix(_) => "localhost",
        };
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let mut session = Box::new(ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?);
        let mut limited = Limited::new(&mut stream, endpoint.patience);
        while session.is_handshaking() {
            session.complete_io(&mut limited).map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                    io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")
                }
                _ => error,
            })?;
        }
        Ok(Wire { stream, session: Some(session), patience: endpoint.patience })
    }
}

/// Takes every certificate, but has its signatures checked: a broken TLS must not look like broken HTTP.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_handshake_octet_by_octet_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has ports");
        let port = listener.local_addr().expect("it is bound").port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("somebody comes");
            let _ = stream.read(&mut [0; 4096]);
            // The record that is announced is never whole, but no wait for a part of it is long.
            let _ = stream.write_all(&[22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]);
            for _ in 0..100 {
                thread::sleep(Duration::from_millis(50));
                if stream.write_all(&[0]).is_err() {
                    break;
                }
            }
        });
        let address = Address::Tcp("127.0.0.1".into(), port);
        let started = Instant::now();
        let opened = Endpoint { address, tls: true, patience: Duration::from_millis(300) }.open();
        let took = started.elapsed();
        assert_eq!(opened.expect_err("it stalls").to_string(), "the TLS handshake took too long");
        assert!(took < Duration::from_secs(3), "{took:?}");
        server.join().expect("it ends");
    }
}
