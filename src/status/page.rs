//! The local page, `/metrics` and `/healthz`: one small HTTP server on the loopback address.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::board::{Board, CameraHealth};
use super::{metrics, picture, view};
use crate::base::time::Clock;

/// How long a request waits for the first picture of a camera that nobody watched.
const WAIT_FOR_FIRST: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The page could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the local page cannot listen on {listen}; choose another address with `page.listen`, or stop what is using it")]
pub struct PageError {
    listen: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// A running page.
#[derive(Debug)]
pub struct Page {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    board: Arc<Board>,
    clock: Arc<dyn Clock>,
    host: SocketAddr,
}

impl Page {
    /// Starts serving; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(listen: SocketAddr, board: Arc<Board>, clock: Arc<dyn Clock>) -> Result<Self, PageError> {
        let fail = |source| PageError { listen, source };
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let app = router(Shared { board, clock, host: address });
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let until = async {
                // An error means the sender is gone, which is the same wish: stop.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the local page stopped");
            }
        });
        Ok(Self { address, stop, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops; connections that are still open are dropped.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        // The server may have stopped by itself already.
        let _ = stop.send(());
        let grace = Duration::from_secs(1);
        if tokio::time::timeout(grace, &mut server).await.is_err() {
            server.abort();
            // Cancelled is what it was told to be.
            let _ = server.await;
        }
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(|| async { asset("text/html; charset=utf-8", include_str!("../../web/index.html")) }))
        .route("/app.js", get(|| async { asset("text/javascript; charset=utf-8", include_str!("../../web/app.js")) }))
        .route("/causes.js", get(|| async { asset("text/javascript; charset=utf-8", include_str!("../../web/causes.js")) }))
        .route("/style.css", get(|| async { asset("text/css; charset=utf-8", include_str!("../../web/style.css")) }))
        .route("/api/state", get(state))
        .route("/api/cameras/{id}/picture.jpg", get(camera_picture))
        .route("/metrics", get(metrics_page))
        .route("/healthz", get(healthz))
        .layer(middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn state(State(shared): State<Shared>) -> Response {
    Json(view::State::of(&shared.board, shared.clock.as_ref())).into_response()
}

/// The first request wakes the camera's slot: its picture is waited for, so that a page shows one at once.
async fn camera_picture(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    if let Some(camera) = shared.board.camera(&id) {
        camera.watch(shared.clock.monotonic());
        let came = async {
            while camera.live().frame.is_none() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        // A camera without pictures is no error: the answer then is 204.
        let _ = tokio::time::timeout(WAIT_FOR_FIRST, came).await;
    }
    let drawn = tokio::task::spawn_blocking(move || {
        let camera = shared.board.camera(&id)?;
        Some(picture::picture(camera, shared.clock.monotonic()))
    });
    match drawn.await {
        Ok(Some(Ok(Some(jpeg)))) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
        Ok(Some(Ok(None))) => StatusCode::NO_CONTENT.into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "no such camera").into_response(),
        Ok(Some(Err(error))) => {
            tracing::warn!(%error, "a live picture could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn metrics_page(State(shared): State<Shared>) -> Response {
    match metrics::metrics_text(&shared.board) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 while at least one camera delivers (or its film has ended), 503 otherwise, with a line a camera.
async fn healthz(State(shared): State<Shared>) -> Response {
    let mut lines = String::new();
    let mut well = shared.board.cameras.is_empty();
    for camera in &shared.board.cameras {
        let word = match camera.health() {
            CameraHealth::Ok | CameraHealth::Ended { problem: None } => {
                well = true;
                "ok".to_owned()
            }
            CameraHealth::Ended { problem: Some(problem) } => format!("ended: {problem}"),
            CameraHealth::Connecting => "connecting".to_owned(),
            CameraHealth::NoSignal { cause, .. } => format!("no signal: {cause}"),
            // Still well: a restart mends no view, and would take the wrong one for home.
            CameraHealth::ViewLost { trouble, .. } => {
                well = true;
                format!("{}: {trouble}", trouble.word())
            }
        };
        lines.push_str(&format!("{}: {word}\n", camera.plan.id));
    }
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, lines).into_response()
}

/// Refuses names other than this host's own (DNS rebinding) and forbids the page to load anything from elsewhere.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_own_host(host, shared.host) {
        return (StatusCode::FORBIDDEN, "open this page by its address, e.g. http://127.0.0.1").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn is_own_host(host: &str, own: SocketAddr) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.parse::<u16>().is_ok() { name } else { host });
    name == "localhost" || name.trim_matches(['[', ']']).parse() == Ok(own.ip()) || name == "127.0.0.1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_boxs_own_names_open_the_page() {
        let own = "127.0.0.1:8080".parse().expect("an address");
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "127.0.0.1"] {
            assert!(is_own_host(host, own), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8080", "10.0.0.1:8080", "localhost.evil.example"] {
            assert!(!is_own_host(host, own), "{host}");
        }
    }
}
