//! A server on a free loopback port, and byte-level clients for it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use guildhall_web::{
    CancellationToken,
    layers::{LayerOptions, stack},
    server::{Server, ServerLimits},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

/// Far more than anything here takes; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Running {
    pub address: SocketAddr,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Running {
    pub async fn start(router: Router, limits: ServerLimits) -> Self {
        Self::start_with(router, limits, None).await
    }

    pub async fn start_with(
        router: Router,
        limits: ServerLimits,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        let shutdown = CancellationToken::new();
        let options = LayerOptions {
            tls: tls.is_some(),
            shutdown: shutdown.clone(),
            ..LayerOptions::default()
        };
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any_port, tls, limits).await.unwrap();
        let address = server.local_addr();
        let task = tokio::spawn(server.serve(stack(router, options), shutdown.clone()));
        Self {
            address,
            shutdown,
            task,
        }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and reads until the server closes the connection.
    pub async fn exchange(&self, request: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        read_to_end(&mut stream).await
    }

    /// Waits for the server to have stopped.
    pub async fn stopped(self) {
        timeout(PATIENCE, self.task)
            .await
            .expect("stops in time")
            .unwrap();
    }
}

/// What comes until the end; a reset counts as the end.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the server closes the connection");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads until what came ends with `end`.
pub async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !bytes.ends_with(end.as_bytes()) {
            let mut buffer = [0_u8; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(
                read > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&bytes)
            );
            bytes.extend_from_slice(&buffer[..read]);
        }
    };
    timeout(PATIENCE, reading)
        .await
        .expect("the expected bytes come");
    String::from_utf8_lossy(&bytes).into_owned()
}
