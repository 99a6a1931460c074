#!/usr/bin/env python3
"""Holds the Kubernetes manifests and the compose file to what no schema knows: that names, ports and probes fit together, that
pods are restricted, and that kustomize forgets no file. Prints what is wrong and ends with 1."""

import re
import sys
import tomllib
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
KUBERNETES = TOP / "deploy" / "kubernetes"
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
wrong = []


def expect(holds, what):
    if not holds:
        wrong.append(what)


def folder(path):
    """The kustomization of a folder and its manifests by kind and name."""
    kustomization = yaml.safe_load((path / "kustomization.yaml").read_text())
    files = {file.name for file in path.glob("*.yaml")} - {"kustomization.yaml", "prometheus-adapter.yaml"}
    expect(set(kustomization["resources"]) == files, f"{path.name}: kustomize names {kustomization['resources']}")
    manifests = {}
    for file in sorted(files):
        for manifest in yaml.safe_load_all((path / file).read_text()):
            manifests[manifest["kind"], manifest["metadata"]["name"]] = manifest
    return kustomization, manifests


def restricted(what, pod):
    """Kubernetes' pod security standard "restricted", and a little more."""
    security = pod["securityContext"]
    expect(security["runAsNonRoot"] and security["runAsUser"] == 65532, f"{what}: runs as nobody")
    expect(security["seccompProfile"]["type"] == "RuntimeDefault", f"{what}: seccomp")
    expect(pod["automountServiceAccountToken"] is False, f"{what}: a token of Kubernetes")
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        expect(not pod.get(key), f"{what}: {key}")
    for volume in pod["volumes"]:
        expect("hostPath" not in volume, f"{what}: a folder of the node")
    for container in pod["containers"]:
        security = container["securityContext"]
        expect(security["allowPrivilegeEscalation"] is False, f"{what}: more rights")
        expect(security["readOnlyRootFilesystem"] is True, f"{what}: a root file system that can be written")
        expect(security["capabilities"] == {"drop": ["ALL"]}, f"{what}: capabilities")
        resources = container["resources"]
        expect("memory" in resources["limits"] and "cpu" in resources["requests"], f"{what}: resources")
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        expect(mounts == {volume["name"] for volume in pod["volumes"]}, f"{what}: mounts {mounts}")
        for entry in container.get("env", []):
            secret = "value" in entry and re.search("SECRET|TOKEN|KEY|PASSWORD", entry["name"])
            expect(not secret, f"{what}: a secret in the environment: {entry['name']}")


def secrets_are_there(what, config, pod):
    """Each file: of the configuration is an item of a mounted secret."""
    container = pod["containers"][0]
    paths = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    for file in re.findall(r'"file:([^"]+)"', config):
        parent, name = file.rsplit("/", 1)
        secret = volumes.get(paths.get(parent), {}).get("secret")
        expect(secret is not None, f"{what}: {file} is in no secret")
        items = [item["path"] for item in (secret or {}).get("items", [])]
        expect(not items or name in items, f"{what}: {file} is not taken from the secret")


def service():
    kustomization, manifests = folder(KUBERNETES)
    config = (KUBERNETES / "keyferry.toml").read_text()
    server = tomllib.loads(config)["server"]
    deployment = manifests["Deployment", "keyferry"]["spec"]
    template = deployment["template"]
    pod, labels = template["spec"], template["metadata"]["labels"]
    container = pod["containers"][0]
    restricted("Deployment", pod)
    secrets_are_there("Deployment", config, pod)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    listens = {name: int(server[key].rsplit(":", 1)[1]) for name, key in
               (("hook", "listen"), ("private", "private_listen"))}
    expect(ports == listens, f"ports {ports} are not those of keyferry.toml, {listens}")
    for probe, path in PROBES.items():
        asked = container[probe]["httpGet"]
        expect(asked == {"path": path, "port": "private"}, f"{probe} asks {asked}")
    grace = int(server["shutdown_grace"].rstrip("s")) + container["lifecycle"]["preStop"]["sleep"]["seconds"]
    expect(pod["terminationGracePeriodSeconds"] > grace + 2, "the pod is killed before it has stopped")
    resources = container["resources"]
    expect(resources["requests"] == resources["limits"], "requests differ from limits")
    expect(int(resources["limits"]["memory"].removesuffix("Mi")) >= server["verify_memory_mib"] + 128, "memory is too little")
    names = {kustomization["configMapGenerator"][0]["name"]}
    expect(names == {v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v}, "the ConfigMap's name")
    for what in (deployment, manifests["PodDisruptionBudget", "keyferry"]["spec"]):
        expect(what["selector"]["matchLabels"] == labels, "a selector does not fit the pods")
    expect(manifests["Service", "keyferry"]["spec"]["selector"] == labels, "the Service's selector")
    expect([port["targetPort"] for port in manifests["Service", "keyferry"]["spec"]["ports"]] == ["hook"],
           "the Service leads to another port than the hook's")
    scaler = manifests["HorizontalPodAutoscaler", "keyferry"]["spec"]
    adapter = yaml.safe_load((KUBERNETES / "prometheus-adapter.yaml").read_text())["rules"][0]
    metric = scaler["metrics"][0]["pods"]["metric"]["name"]
    expect(metric == adapter["name"]["as"], f"the adapter has no {metric}")
    expect(deployment["replicas"] == scaler["minReplicas"] >= 2, "fewer than two replicas")
    policies = {name: m["spec"] for (kind, name), m in manifests.items() if kind == "NetworkPolicy"}
    expect(policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, "something is let through")
    for rule in policies["keyferry"]["ingress"]:
        expect(bool(rule.get("from")) and len(rule["ports"]) == 1, "an ingress rule without an origin")
    paths = manifests["Ingress", "keyferry"]["spec"]["rules"][0]["http"]["paths"]
    expect({p["path"] for p in paths} == {"/okta/password-import", "/okta/events"}, "the Ingress' paths")
    expect(all(p["pathType"] == "Exact" for p in paths), "the Ingress lets more than the two paths in")
    enforced = manifests["Namespace", "keyferry"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    expect(enforced == "restricted", "the namespace does not enforce")


def importer():
    _, manifests = folder(KUBERNETES / "import")
    config = (KUBERNETES / "import" / "keyferry.toml").read_text()
    job = manifests["Job", "keyferry-import"]["spec"]
    pod = job["template"]["spec"]
    restricted("Job", pod)
    secrets_are_there("Job", config, pod)
    arguments = pod["containers"][0]["args"]
    shard = arguments[arguments.index("--shard") + 1]
    expect(shard == f"$(INDEX)/{job['completions']}", f"--shard {shard} of {job['completions']} completions")
    expect(job["completionMode"] == "Indexed" and pod["restartPolicy"] == "Never", "not an indexed Job")
    shares = tomllib.loads(config)["okta"]["share"] * job["parallelism"]
    expect(shares <= 0.8 + 1e-9, f"the shards together take {shares} of the org's rate")


def compose():
    text = (TOP / "docker-compose.yml").read_text()
    file = yaml.safe_load(text)
    for name, service in file["services"].items():
        expect(service["security_opt"] == ["no-new-privileges:true"], f"compose: {name} may gain rights")
        for port in service.get("ports", []):
            expect(port.startswith("127.0.0.1:"), f"compose: {name} publishes {port} to everybody")
            expect("9090" not in port, f"compose: {name} publishes the private port")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            local = source.startswith("./")
            expect((TOP / source).exists() if local else source in file["volumes"] or source.startswith("$"),
                   f"compose: {source} is not there")
    known = set(re.findall(r"^([A-Z_]+)=", (TOP / "deploy/compose/example.env").read_text(), re.M))
    used = set(re.findall(r"\$\{([A-Z_]+)", text))
    expect(known == used, f"compose: variables {known ^ used} are in one of docker-compose.yml and example.env only")


service()
importer()
compose()
for line in wrong:
    print(f"WRONG: {line}", file=sys.stderr)
sys.exit(1 if wrong else 0)
