//! Gateways and proxies that users choose.

use std::fmt::Write;

use super::software::{Setup, Software};

/// One that is judged.
pub(crate) struct Gateway {
    pub(crate) software: Software,
    /// Or else a proxy that users choose, which is told where to go.
    pub(crate) is_gateway: bool,
}

/// All of them. A gateway has as many ports as there are runs at once, each before a port of the judge, so that its
/// pools of connections are apart.
pub(crate) const PROXIES: &[Gateway] = &[
    Gateway {
        software: Software {
            name: "nginx-gateway",
            package: "nginx",
            program: "nginx",
            arguments: &["-c", "{config}"],
            config: nginx,
        },
        is_gateway: true,
    },
    Gateway {
        software: Software {
            name: "haproxy-gateway",
            package: "haproxy",
            program: "haproxy",
            arguments: &["-db", "-f", "{config}"],
            config: haproxy,
        },
        is_gateway: true,
    },
    Gateway {
        software: Software {
            name: "apache-proxy",
            package: "apache2-bin",
            program: "apache2",
            arguments: &["-DFOREGROUND", "-f", "{config}"],
            config: apache,
        },
        is_gateway: false,
    },
];

fn nginx(setup: &Setup) -> String {
    let folder = &setup.folder;
    let mut text = format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log {folder}/error;\n\
         events {{ worker_connections 1024; }}\nhttp {{\n  access_log off;\n  \
         client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  fastcgi_temp_path {folder}/fastcgi;\n  \
         uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n"
    );
    for (front, back) in setup.fronts.iter().zip(&setup.backs) {
        let _ = write!(
            text,
            "  upstream back{back} {{ server 127.0.0.1:{back} max_fails=0; keepalive 8; }}\n  server {{\n    \
             listen 127.0.0.1:{front};\n    location / {{\n      proxy_pass http://back{back};\n      \
             proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      proxy_request_buffering off;\n      \
             proxy_set_header Host $host;\n      proxy_read_timeout 3s;\n    }}\n  }}\n"
        );
    }
    text + "}\n"
}

fn haproxy(setup: &Setup) -> String {
    let mut text = String::from(
        "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n  timeout server 5s\n  timeout http-request 5s\n",
    );
    for (front, back) in setup.fronts.iter().zip(&setup.backs) {
        let _ = write!(
            text,
            "frontend f{front}\n  bind 127.0.0.1:{front}\n  default_backend b{back}\nbackend b{back}\n  \
             http-reuse safe\n  server s 127.0.0.1:{back}\n"
        );
    }
    text
}

fn apache(setup: &Setup) -> String {
    let (port, folder) = (setup.fronts[0], &setup.folder);
    let mut text = String::new();
    for module in ["mpm_event", "authz_core", "proxy", "proxy_http"] {
        let _ = writeln!(text, "LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so");
    }
    text + &format!(
        "ServerName localhost\nListen 127.0.0.1:{port}\nPidFile {folder}/pid\nErrorLog {folder}/error\n\
         DefaultRuntimeDir {folder}\nProxyRequests On\nProxyVia On\nProxyTimeout 3\n\
         <Proxy *>\n  Require all granted\n</Proxy>\n"
    )
}
