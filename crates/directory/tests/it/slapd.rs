//! Starts and stops `slapd` without any right that a person does not have.

use std::{
    fs,
    io::Write,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use guildhall_directory::{
    Attributes, Bind, Dial, Directory, Kind, Limits, Security, ServerUrl, Settings, Stream,
};
use guildhall_kernel::{Clock, Error, Result, SystemClock};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use zeroize::Zeroizing;

pub const PEOPLE: &str = include_str!("../data/people.ldif");
pub const GROUPS: &str = include_str!("../data/groups.ldif");
const WINDOWS: &str = include_str!("../data/windows.schema");
const START_MAX: Duration = Duration::from_secs(20);

/// How a server differs from the ordinary one.
pub struct Options {
    /// Names and addresses that its certificate is for.
    pub names: &'static [&'static str],
    /// Whether its certificate ended long ago.
    pub is_expired: bool,
    /// Whether nobody issued its certificate but itself.
    pub is_self_made: bool,
    /// Further lines before the database.
    pub global: &'static str,
    /// Further lines of the database.
    pub database: &'static str,
    /// What it holds when it starts.
    pub entries: String,
    /// What is added while it runs, past its overlays.
    pub added: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            names: &["localhost", "127.0.0.1"],
            is_expired: false,
            is_self_made: false,
            global: "",
            database: "",
            entries: format!("{PEOPLE}{GROUPS}"),
            added: "",
        }
    }
}

pub struct Slapd {
    child: Child,
    pub plain_port: u16,
    pub tls_port: u16,
    /// What to trust.
    pub ca_pem: String,
    _folder: tempfile::TempDir,
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Slapd {
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_owned();
        let ca_pem = write_certificate(&at, &options);
        fs::create_dir(at.join("db")).unwrap();
        fs::write(at.join("windows.schema"), WINDOWS).unwrap();
        fs::write(at.join("slapd.conf"), configuration(&at, &options)).unwrap();
        load(&at, &options.entries);
        let (child, plain_port, tls_port) = run(&at);
        let server = Self {
            child,
            plain_port,
            tls_port,
            ca_pem,
            _folder: folder,
        };
        if !options.added.is_empty() {
            server.add(options.added);
        }
        server
    }

    /// Adds entries while the server runs.
    pub fn add(&self, entries: &str) {
        self.modify("ldapadd", entries);
    }

    /// Changes entries while the server runs.
    pub fn change(&self, changes: &str) {
        self.modify("ldapmodify", changes);
    }

    fn modify(&self, program: &str, text: &str) {
        let url = format!("ldap://127.0.0.1:{}", self.plain_port);
        let arguments = [
            "-x",
            "-H",
            &url,
            "-D",
            "cn=admin,dc=example,dc=org",
            "-w",
            "admin-password",
        ];
        let mut command = Command::new(program);
        checked(feed(command.args(arguments), text), program);
    }

    /// Stops answering, as a machine does that lost its power.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Settings that fit: LDAPS, a service account, groups by their members.
    pub fn settings(&self) -> Settings {
        Settings {
            kind: Kind::OpenLdap,
            urls: vec![self.tls_url()],
            security: Security::Ldaps,
            allow_plain: false,
            ca_pem: Some(self.ca_pem.clone()),
            bind: reader("reader-password"),
            base_dn: "dc=example,dc=org".into(),
            user_filter: "(objectClass=inetOrgPerson)".into(),
            login_attributes: vec!["uid".into(), "mail".into()],
            attributes: Attributes {
                subject: "entryUUID".into(),
                email: "mail".into(),
                display_name: "cn".into(),
                member_of: String::new(),
            },
            group_base_dn: Some("ou=groups,dc=example,dc=org".into()),
            group_filter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))".into(),
            nested_groups: false,
            page_size: 500,
            limits: Limits::default(),
        }
    }

    pub fn tls_url(&self) -> ServerUrl {
        ServerUrl::parse(&format!("ldaps://127.0.0.1:{}", self.tls_port)).unwrap()
    }

    pub fn plain_url(&self) -> ServerUrl {
        ServerUrl::parse(&format!("ldap://127.0.0.1:{}", self.plain_port)).unwrap()
    }

    /// The server as it is set up in [`Slapd::settings`], with something changed.
    pub fn directory(&self, change: impl FnOnce(&mut Settings)) -> Directory {
        let mut settings = self.settings();
        change(&mut settings);
        directory(settings)
    }
}

pub fn reader(password: &str) -> Bind {
    Bind::Account {
        dn: "cn=reader,ou=services,dc=example,dc=org".into(),
        password: secret(password),
    }
}

pub fn secret(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

pub fn directory(settings: Settings) -> Directory {
    Directory {
        settings: Arc::new(settings),
        dial: Arc::new(Direct),
        down: Arc::default(),
        now: SystemClock.now(),
    }
}

/// Connects without asking anybody.
pub struct Direct;

impl Dial for Direct {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let stream = tokio::net::TcpStream::connect((host, port))
                .await
                .map_err(|error| {
                    let message = format!("{host}:{port} cannot be reached: {error}");
                    Error::unavailable("directory_unreachable", message, 5)
                })?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }
}

/// A port that nobody listens on right now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn program(name: &str) -> PathBuf {
    let places = [
        "/usr/sbin",
        "/usr/local/sbin",
        "/usr/lib/openldap",
        "/usr/local/libexec",
    ];
    let found = places
        .iter()
        .map(|place| Path::new(place).join(name))
        .find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("{name} is missing, which these tests start: install OpenLDAP, with Debian `apt-get install slapd ldap-utils`")
    })
}

fn schema_folder() -> &'static str {
    let places = ["/etc/ldap/schema", "/etc/openldap/schema"];
    places
        .into_iter()
        .find(|place| Path::new(place).exists())
        .expect("the schema files of slapd are missing")
}

fn configuration(at: &Path, options: &Options) -> String {
    let (schema, at) = (schema_folder(), at.display());
    format!(
        "include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/nis.schema
include {schema}/inetorgperson.schema
include {at}/windows.schema
pidfile {at}/slapd.pid
argsfile {at}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
TLSCertificateFile {at}/cert.pem
TLSCertificateKeyFile {at}/key.pem
{}
database mdb
maxsize 1073741824
suffix \"dc=example,dc=org\"
rootdn \"cn=admin,dc=example,dc=org\"
rootpw admin-password
directory {at}/db
dbnosync
index objectClass,uid,mail,cn,member,uniqueMember,memberUid eq
limits dn.exact=\"cn=reader,ou=services,dc=example,dc=org\" size.soft=500 size.hard=500 size.pr=1000 size.prtotal=unlimited
{}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=\"cn=reader,ou=services,dc=example,dc=org\" read by self read by * none break
access to dn.subtree=\"ou=groups,dc=example,dc=org\" by users read by * none
access to dn.exact=\"dc=example,dc=org\" by users read by * none
",
        options.global, options.database
    )
}

fn write_certificate(at: &Path, options: &Options) -> String {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = options
        .names
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "directory under test");
    if options.is_expired {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let (pem, trusted) = if options.is_self_made {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let made = params.self_signed(&key).unwrap().pem();
        (made.clone(), made)
    } else {
        let mut authority = CertificateParams::new(Vec::<String>::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "authority under test");
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), issuer.pem())
    };
    fs::write(at.join("cert.pem"), pem).unwrap();
    fs::write(at.join("key.pem"), key.serialize_pem()).unwrap();
    trusted
}

fn load(at: &Path, entries: &str) {
    let mut command = Command::new(program("slapadd"));
    command.arg("-q").arg("-f").arg(at.join("slapd.conf"));
    checked(feed(&mut command, entries), "slapadd");
}

fn feed(command: &mut Command, text: &str) -> Output {
    let spawned = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child =
        spawned.expect("OpenLDAP's programs are missing: `apt-get install slapd ldap-utils`");
    let mut input = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writing.join();
    output
}

fn checked(output: Output, what: &str) {
    assert!(
        output.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Starts the server; once more when somebody else took its ports first.
fn run(at: &Path) -> (Child, u16, u16) {
    for _ in 0..5 {
        let (plain, tls) = (free_port(), free_port());
        let urls = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}");
        let log = fs::File::create(at.join("slapd.log")).unwrap();
        let mut command = Command::new(program("slapd"));
        command
            .args(["-d", "0", "-h", &urls, "-f"])
            .arg(at.join("slapd.conf"));
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        if listens(&mut child, [plain, tls]) {
            return (child, plain, tls);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    let log = fs::read_to_string(at.join("slapd.log")).unwrap_or_default();
    panic!("slapd does not start: {log}");
}

fn listens(child: &mut Child, ports: [u16; 2]) -> bool {
    let started = Instant::now();
    while started.elapsed() < START_MAX {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if ports
            .iter()
            .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}
