//! What the gateway is measured against: nginx as a plain reverse proxy, and LiteLLM's proxy.

use std::{
    env, fs,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::super::{
    client::{Connection, request},
    machine,
};
use crate::Result;

/// Importing all of LiteLLM takes a while.
const START_PATIENCE: Duration = Duration::from_secs(120);
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// The key that LiteLLM asks for.
pub(super) const KEY: &str = "sk-bench";

/// A program with all processes it started; dropping it ends them.
pub(super) struct Other {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Other {
    /// nginx, if it is installed: as many workers as cores, connections to the provider kept, nothing buffered.
    pub(super) fn nginx(folder: &Path, stub: SocketAddr) -> Result<Option<Self>> {
        let Some(program) = installed("nginx") else {
            println!("nginx is not installed, so its columns stay empty");
            return Ok(None);
        };
        let folder = folder.join("nginx");
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        fs::write(folder.join("nginx.conf"), nginx_conf(address, stub))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf"]);
        command.args(["-e", "error.log"]);
        Self::start(command, address, &folder).map(Some)
    }

    /// LiteLLM's proxy, if the program is where `LITELLM_BIN` says: a worker per core.
    pub(super) fn litellm(folder: &Path, stub: SocketAddr) -> Result<Option<Self>> {
        let Some(program) = env::var_os("LITELLM_BIN").map(PathBuf::from) else {
            println!(
                "LITELLM_BIN names no program, so LiteLLM's columns stay empty; `TOPIC=gateway make bench` installs it"
            );
            return Ok(None);
        };
        let folder = folder.join("litellm");
        fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let config = folder.join("config.yaml");
        fs::write(&config, litellm_config(stub))?;
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let mut command = Command::new(program);
        command.arg("--config").arg(config);
        command.args(["--host", "127.0.0.1", "--num_workers", &workers.to_string()]);
        command.args(["--port", &address.port().to_string()]);
        command.envs([
            ("LITELLM_LOCAL_MODEL_COST_MAP", "True"),
            ("LITELLM_LOG", "ERROR"),
        ]);
        Self::start(command, address, &folder).map(Some)
    }

    fn start(mut command: Command, address: SocketAddr, folder: &Path) -> Result<Self> {
        let log = fs::File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?);
        let child = command.stderr(log).process_group(0).spawn()?;
        let mut other = Self { child, address };
        let began = Instant::now();
        while !other.is_ready() {
            let has_ended = other.child.try_wait()?.is_some();
            if has_ended || began.elapsed() > START_PATIENCE {
                let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
                return Err(format!("{command:?} did not begin to answer: {log}").into());
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(other)
    }

    fn is_ready(&self) -> bool {
        let probe = request("GET", "/v1/models", KEY, None);
        let answer = Connection::open(self.address, ANSWER_PATIENCE)
            .and_then(|mut connection| connection.send_for_head(&probe));
        answer.is_ok()
    }

    /// Memory of all its processes, in MB: their proportional shares.
    pub(super) fn memory_mb(&self) -> Result<f64> {
        machine::group_memory_mb(self.child.id())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // The whole group, since workers outlive a killed parent.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.child.wait();
    }
}

/// The installed program of that name. Debian keeps servers where only administrators look.
fn installed(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn nginx_conf(address: SocketAddr, stub: SocketAddr) -> String {
    format!(
        "daemon off;\n\
         worker_processes auto;\n\
         pid nginx.pid;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n\
           access_log access.log;\n\
           client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
           upstream stub {{ server {stub}; keepalive 128; keepalive_requests 1000000; }}\n\
           server {{\n\
             listen {address};\n\
             keepalive_requests 1000000;\n\
             location / {{ proxy_pass http://stub; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }}\n\
           }}\n\
         }}\n"
    )
}

fn litellm_config(stub: SocketAddr) -> String {
    let model = |name: &str| {
        format!(
            "  - model_name: {name}\n    litellm_params:\n      model: openai/{name}\n      api_base: http://{stub}/v1\n      api_key: none\n"
        )
    };
    format!(
        "model_list:\n{}{}litellm_settings:\n  telemetry: false\ngeneral_settings:\n  master_key: {KEY}\n",
        model("short"),
        model("long")
    )
}
