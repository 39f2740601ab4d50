"""An OpenLDAP as a Debian package sets it up: its settings in `cn=config`, changed by whoever owns the process."""

import atexit
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "crates/directory/tests/data"
READY_SECONDS = 20

CONFIGURATION = """\
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/nis.schema
include {schema}/inetorgperson.schema
include {data}/windows.schema
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
database config
access to * by dn.exact=gidNumber={gid}+uidNumber={uid},cn=peercred,cn=external,cn=auth manage by * break
database mdb
maxsize 1073741824
suffix "dc=example,dc=org"
rootdn "cn=admin,dc=example,dc=org"
rootpw admin-password
directory {folder}/db
dbnosync
index objectClass,uid,mail,cn,member eq
access to attrs=userPassword by self write by anonymous auth by * none
access to * by * read
"""


class DirectoryServer:
    """A running server with the people of the directory's own tests; stopped when Python ends."""

    def __init__(self):
        holder = tempfile.TemporaryDirectory(prefix="guildhall-guide-")
        atexit.register(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        self.plain_port, self.tls_port = free_ports(2)
        self.socket = "ldapi://" + str(self.folder / "ldapi").replace("/", "%2F")
        self.make_certificates()
        (self.folder / "db").mkdir()
        (self.folder / "settings").mkdir()
        schema = next(path for path in ("/etc/ldap/schema", "/etc/openldap/schema") if os.path.isdir(path))
        facts = {"schema": schema, "data": DATA, "folder": self.folder, "gid": os.getgid(), "uid": os.getuid()}
        (self.folder / "slapd.conf").write_text(CONFIGURATION.format(**facts), encoding="utf-8")
        settings = ["-f", self.folder / "slapd.conf", "-F", self.folder / "settings"]
        # It ends with an error where the database does not exist yet, having written the settings.
        subprocess.run([program("slaptest"), *settings], capture_output=True, check=False)
        people = (DATA / "people.ldif").read_bytes()
        add = [program("slapadd"), "-q", "-n", "1", "-F", self.folder / "settings"]
        subprocess.run(add, input=people, capture_output=True, check=True)
        urls = f"ldap://127.0.0.1:{self.plain_port} ldaps://127.0.0.1:{self.tls_port} {self.socket}"
        serve = [program("slapd"), "-d", "0", "-h", urls, "-F", self.folder / "settings"]
        self.process = subprocess.Popen(serve, stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        self.wait_until_ready()

    def wait_until_ready(self):
        until = time.monotonic() + READY_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.tls_port)).close()
                return
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def make_certificates(self):
        def openssl(*parameters):
            subprocess.run(["openssl", *parameters], cwd=self.folder, capture_output=True, check=True)

        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=authority")
        openssl("req", *key, "-keyout", "key.pem", "-out", "cert.csr", "-subj", "/CN=directory")
        (self.folder / "names.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
        issue = ("x509", "-req", "-in", "cert.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        openssl(*issue, "-days", "2", "-extfile", "names.cnf", "-out", "cert.pem")

    def stop(self):
        self.process.kill()
        self.process.wait()


def program(name):
    """Where a program of OpenLDAP's server lies, which is not always on the path."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/usr/local/libexec"])
    found = shutil.which(name, path=places)
    if found is None:
        raise RuntimeError(f"{name} is missing, which this test starts: install slapd and ldap-utils")
    return found


def free_ports(count):
    """Ports that nobody listens on right now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
