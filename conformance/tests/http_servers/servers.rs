//! Servers, with a site of one page.

use std::fmt::Write;

use super::software::{Setup, Software};

/// Every server that is judged.
pub(crate) const SERVERS: &[Software] = &[
    Software { name: "nginx", package: "nginx", program: "nginx", arguments: &["-c", "{config}"], config: nginx },
    Software {
        name: "apache",
        package: "apache2-bin",
        program: "apache2",
        arguments: &["-DFOREGROUND", "-f", "{config}"],
        config: apache,
    },
    Software {
        name: "lighttpd",
        package: "lighttpd",
        program: "lighttpd",
        arguments: &["-D", "-f", "{config}"],
        config: lighttpd,
    },
    Software {
        name: "haproxy",
        package: "haproxy",
        program: "haproxy",
        arguments: &["-db", "-f", "{config}"],
        config: haproxy,
    },
];

fn nginx(setup: &Setup) -> String {
    let (port, folder) = (setup.fronts[0], &setup.folder);
    format!(
        "daemon off;\npid {folder}/pid;\nerror_log {folder}/error;\nevents {{}}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n  \
         server {{ listen 127.0.0.1:{port}; root {folder}/site; }}\n}}\n"
    )
}

fn apache(setup: &Setup) -> String {
    let (port, folder) = (setup.fronts[0], &setup.folder);
    let mut text = String::new();
    for (module, file) in [("mpm_event", "mpm_event"), ("authz_core", "authz_core"), ("dir", "dir"), ("mime", "mime")] {
        let _ = writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{file}.so");
    }
    text + &format!(
        "ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog {folder}/error\nDefaultRuntimeDir {folder}\n\
         TypesConfig /dev/null\nDocumentRoot {folder}/site\nDirectoryIndex index.html\n<Directory {folder}/site>\n  Require all granted\n</Directory>\n"
    )
}

fn lighttpd(setup: &Setup) -> String {
    let (port, folder) = (setup.fronts[0], &setup.folder);
    format!(
        "server.port = {port}\nserver.bind = \"127.0.0.1\"\nserver.document-root = \"{folder}/site\"\n\
         server.errorlog = \"{folder}/error\"\nindex-file.names = ( \"index.html\" )\n"
    )
}

fn haproxy(setup: &Setup) -> String {
    let port = setup.fronts[0];
    format!(
        "defaults\n  mode http\n  option http-buffer-request\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nfrontend f\n  bind 127.0.0.1:{port}\n  \
         http-request return status 200 content-type text/plain string \"hello\\n\"\n"
    )
}
