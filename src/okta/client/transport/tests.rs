//! TLS for real: a server with a certificate of a CA of our own, reached directly and through a proxy.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A TLS server for a name, and the CA that signed its certificate, as PEM.
async fn server(name: &str) -> (SocketAddr, String) {
    let mut authority = CertificateParams::new(Vec::new()).expect("a CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("signed");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = certificate.signed_by(&key, &authority).expect("signed");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = head(&mut stream).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    (address, authority.pem())
}

/// A request's head.
async fn head(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).expect("a head in text")
}

/// A proxy that opens one tunnel, and tells what it was asked for.
async fn proxy(to: SocketAddr) -> (SocketAddr, tokio::sync::oneshot::Receiver<String>) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut inside, _) = listener.accept().await.expect("a client");
        let _ = tell.send(head(&mut inside).await);
        inside.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("written");
        let mut outside = TcpStream::connect(to).await.expect("a server");
        let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
    });
    (address, told)
}

fn transport(proxies: &Matcher, org: &str, ca: Option<&str>) -> Result<Transport, SetupError> {
    let org: Uri = org.parse().expect("an address");
    Transport::by_way_of(proxies, &org, ca.map(str::as_bytes), Duration::from_secs(20))
}

fn no_proxy() -> Matcher {
    Matcher::builder().build()
}

async fn get(transport: &Transport, url: &str) -> Result<Answer, Failure> {
    let request = Request::get(url).body(Full::default()).expect("a request");
    transport.exchange(request, 1024).await
}

#[tokio::test]
async fn a_ca_of_one_s_own_is_trusted_when_it_is_named() {
    let (address, ca) = server("localhost").await;
    let url = format!("https://localhost:{}", address.port());
    let trusting = transport(&no_proxy(), &url, Some(&ca)).expect("a transport");
    let answer = get(&trusting, &url).await.expect("an answer");
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"{}"[..]));

    // By the system's roots, or by another CA, it is a stranger; and nothing is sent to strangers.
    let (_, other) = server("localhost").await;
    for ca in [None, Some(other.as_str())] {
        let strict = match transport(&no_proxy(), &url, ca) {
            // A machine without any roots trusts nobody either.
            Err(SetupError::NoRoots) => continue,
            strict => strict.expect("a transport"),
        };
        match get(&strict, &url).await {
            Err(Failure::NotSent(why)) => assert!(why.contains("certificate"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (address, ca) = server("example.okta.com").await;
    let url = format!("https://localhost:{}", address.port());
    let transport = transport(&no_proxy(), &url, Some(&ca)).expect("a transport");
    assert!(matches!(get(&transport, &url).await, Err(Failure::NotSent(_))));
}

#[tokio::test]
async fn the_environment_s_proxy_opens_a_tunnel() {
    let (address, ca) = server("example.okta.com").await;
    let (proxy, asked) = proxy(address).await;
    let proxies =
        Matcher::builder().https(format!("http://user:pass@{proxy}")).no("internal.example").build();
    let url = "https://example.okta.com";
    let tunnelled = transport(&proxies, url, Some(&ca)).expect("a transport");
    assert_eq!(get(&tunnelled, url).await.expect("an answer").status.as_u16(), 200);
    let asked = asked.await.expect("asked").to_lowercase();
    assert!(asked.starts_with("connect example.okta.com:443 "), "{asked}");
    assert!(asked.contains("proxy-authorization: basic dxnlcjpwyxnz\r\n"), "{asked}");
    assert!(!asked.contains("user-agent: keyferry"), "the call itself goes through the tunnel: {asked}");

    let socks = Matcher::builder().https("socks5://127.0.0.1:1").build();
    assert!(matches!(transport(&socks, url, Some(&ca)), Err(SetupError::Proxy)));
    // What goes to this machine goes by no proxy.
    assert!(transport(&socks, "http://127.0.0.1:1", None).is_ok());
    let excepted = Matcher::builder().https("socks5://127.0.0.1:1").no("okta.com").build();
    assert!(transport(&excepted, url, Some(&ca)).is_ok());
}

#[test]
fn a_ca_file_of_no_use_is_refused() {
    for (pem, words) in [
        ("", "no certificate"),
        ("hello", "no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        ("-----BEGIN CERTIFICATE-----\nAA!A\n-----END CERTIFICATE-----\n", "not readable PEM"),
    ] {
        let error = transport(&no_proxy(), "https://example.okta.com", Some(pem)).err().expect("refused");
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}
