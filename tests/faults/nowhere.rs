//! Addresses at which nobody is reached.

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// An address, and what must be kept for it to stay as it is.
pub struct Nowhere {
    pub url: String,
    _queue: Option<(TcpListener, Vec<TcpStream>)>,
}

/// A name that can't be one: no resolver is asked.
pub fn no_such_name() -> Nowhere {
    Nowhere { url: format!("http://{}.invalid", "x".repeat(64)), _queue: None }
}

/// A port at which nobody listens.
pub async fn refused() -> Nowhere {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    Nowhere { url, _queue: None }
}

/// A server that does not speak TLS.
pub fn not_tls(api_url: &str) -> Nowhere {
    Nowhere { url: api_url.replace("http://", "https://"), _queue: None }
}

/// A port whose queue of connections is full: a connection is never made.
pub async fn full() -> Nowhere {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("an address");
    let mut kept = Vec::new();
    // One more than the queue holds is in it; who comes after them waits.
    for _ in 0..2 {
        kept.push(TcpStream::connect(address).await.expect("there is room"));
    }
    Nowhere { url: format!("http://{address}"), _queue: Some((listener, kept)) }
}
