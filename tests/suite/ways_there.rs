//! The ways to GitHub that a stranger's machine has: through a proxy, with certificates of its own, by ssh.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::simulator;
use orchestrator::sim::Simulator;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A port of this machine.
async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

fn address(sim: &Simulator) -> String {
    sim.api_url().trim_start_matches("http://").to_owned()
}

/// A proxy that leads to the simulator, whatever it is asked for, and counts.
async fn proxy(sim: &Simulator) -> (u16, Arc<AtomicUsize>) {
    let ((listener, port), to, count) = (listen().await, address(sim), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let to = to.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(to).await.expect("the simulator listens");
                // Either side may go away.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, count)
}

/// A door with TLS before the simulator, and the file that vouches for it.
async fn tls(sim: &Simulator, folder: &Path) -> (u16, std::path::PathBuf) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let file = folder.join("authority.pem");
    std::fs::write(&file, certified.cert.pem()).expect("written");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).expect("a key");
    let ((listener, port), to, acceptor) = (listen().await, address(sim), TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (to, acceptor) = (to.clone(), acceptor.clone());
            tokio::spawn(async move {
                // A client that trusts nobody here goes away in the middle.
                let Ok(mut client) = acceptor.accept(client).await else { return };
                let mut server = TcpStream::connect(to).await.expect("the simulator listens");
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, file)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_of_the_environment_is_used_by_api_and_git() {
    let (sim, here) = (simulator().await, folder());
    let (port, count) = proxy(&sim).await;
    let proxy = format!("http://127.0.0.1:{port}");
    let program = Program::on(&sim, here.path())
        .with("GITHUB_BASE_URL", "http://127.0.0.1:1")
        .with("HTTP_PROXY", &proxy)
        .with("http_proxy", &proxy);
    let ended = program.run(&["status", "--git-url", "http://127.0.0.1:1/maintainer/tally.git"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(count.load(Ordering::SeqCst) >= 2, "one of the two did not go through the proxy");
    let program = program.with("NO_PROXY", "127.0.0.1");
    let ended = program.run(&["status"]).await;
    assert_eq!(ended.code, Some(6), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_of_the_machines_owner_are_trusted_by_api_and_git_and_no_others() {
    let (sim, here) = (simulator().await, folder());
    let (port, file) = tls(&sim, here.path()).await;
    let program = Program::on(&sim, here.path()).with("GITHUB_BASE_URL", &format!("https://localhost:{port}"));
    let ended = program.run(&["status"]).await;
    assert_eq!(ended.code, Some(6), "{}", ended.err);
    assert!(ended.err.contains("invalid peer certificate"), "{}", ended.err);
    let program = program.with("SSL_CERT_FILE", file.to_str().expect("text"));
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(sim.requests().git_pushes > 0 && sim.requests().graphql > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gh_is_asked_for_the_token_of_the_host_and_who_is_not_logged_in_has_none() {
    let (sim, here) = (simulator().await, folder());
    let (port, file) = tls(&sim, here.path()).await;
    let (bin, asked) = (here.path().join("bin"), here.path().join("asked"));
    std::fs::create_dir(&bin).expect("a folder");
    let script = "#!/bin/sh\necho \"$@\" > \"$HOME/asked\"\neval \"$GH_DOES\"\n";
    std::fs::write(bin.join("gh"), script).expect("written");
    std::fs::set_permissions(bin.join("gh"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a PATH"));
    let program = |does: &str| {
        let mut program = Program::on(&sim, here.path())
            .with("PATH", &path)
            .with("SSL_CERT_FILE", file.to_str().expect("text"))
            .with("GITHUB_BASE_URL", &format!("https://localhost:{port}"))
            .with("GH_DOES", does);
        program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
        program
    };
    let hostname = |host: &str| format!("auth token --hostname {host}");
    let here_asked = hostname(&format!("localhost:{port}"));
    for (does, code, words) in [
        (format!("echo {}", sim.token()), 0, ""),
        ("echo who are you >&2; exit 1".to_owned(), 2, "to nobody without a token"),
        ("echo you are not logged in".to_owned(), 2, &format!("gh {here_asked} holds no token: it is more than one")),
        ("true".to_owned(), 2, &format!("gh {here_asked} holds no token: it is empty")),
    ] {
        let ended = program(&does).run(&["cycle"]).await;
        assert_eq!(ended.code, Some(code), "{does}: {}", ended.err);
        assert!(ended.err.contains(words), "{does}: {}", ended.err);
        assert_eq!(std::fs::read_to_string(&asked).expect("it was asked").trim_end(), here_asked, "{does}");
        std::fs::remove_file(&asked).expect("removed");
    }
    assert!(sim.requests().git_pushes > 0, "its token was good for API and git");
    // Nobody is asked on the network.
    for (api, host) in [("https://api.github.com", "github.com"), ("https://api.octo.ghe.com", "octo.ghe.com")] {
        let ended = program("echo token").run(&["budget", "--api-url", api]).await;
        assert_eq!(ended.code, Some(5), "{}", ended.err);
        assert_eq!(std::fs::read_to_string(&asked).expect("it was asked").trim_end(), hostname(host));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_by_ssh_is_reached_as_git_reaches_it_and_gets_no_token() {
    let (sim, here) = (simulator().await, folder());
    let seen = here.path().join("seen");
    let script = format!(
        "#!/bin/sh\nenv > {seen}\nwhile [ $# -gt 1 ]; do shift; done\ncommand=${{1%% *}}\nexec $command {}\n",
        sim.git_dir().display(),
        seen = seen.display()
    );
    let ssh = here.path().join("ssh");
    std::fs::write(&ssh, script).expect("written");
    std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let program = Program::on(&sim, here.path())
        .with("GIT_SSH_COMMAND", ssh.to_str().expect("text"))
        .with("GIT_SSH_VARIANT", "ssh");
    let ended = program.run(&["status", "--git-url", "git@work:maintainer/tally.git"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("maintainer/tally"), "{}", ended.out);
    let environment = std::fs::read_to_string(seen).expect("ssh was called");
    let basic =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x-access-token:{}", sim.token()));
    for told in [&basic, sim.token(), "extraHeader"] {
        assert!(!environment.contains(told), "{told} in {environment}");
    }
}
