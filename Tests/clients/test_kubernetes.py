"""The manifests of config/kubernetes are valid for Kubernetes, agree with each other, and start a gateway.

Run by scripts/kubernetes-check, which names the built gateway in GATEWAY.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import kubernetes_validate
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "config" / "kubernetes"
# The oldest version with sidecar containers enabled, and the newest that the checker supports.
VERSIONS = ["1.29", "1.37"]
# Files for programs other than Kubernetes.
OTHERS = {"kustomization.yaml", "prometheus-adapter.yaml"}
SECRETS = "/run/secrets/scorm-gateway/"
STATE = "/var/lib/scorm-gateway"


class Loader(yaml.SafeLoader):
    """Refuses duplicate keys, which PyYAML accepts and Kubernetes does not."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"{node.start_mark}: twice: {twice}")
        return super().construct_mapping(node, deep)


def documents(path):
    return [d for d in yaml.load_all(path.read_text(), Loader) if d is not None]


def manifests():
    """(file, manifest) of all manifests."""
    return [
        (path.name, document)
        for path in sorted(FOLDER.glob("*.yaml"))
        if path.name not in OTHERS
        for document in documents(path)
    ]


def of_kind(kind):
    return [manifest for _, manifest in manifests() if manifest["kind"] == kind]


def named(kind, name):
    found = [m for m in of_kind(kind) if m["metadata"]["name"] == name]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def pods():
    """(name, template) of each Deployment."""
    return [(d["metadata"]["name"], d["spec"]["template"]) for d in of_kind("Deployment")]


def gateways():
    """(pod's spec, container) of each gateway."""
    return [
        (template["spec"], container)
        for _, template in pods()
        for container in template["spec"].get("initContainers", []) + template["spec"]["containers"]
        if container["name"] == "gateway"
    ]


def configurations():
    return [(m["metadata"]["name"], m["data"]["gateway.yaml"]) for m in of_kind("ConfigMap")]


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text).group(1))


class Schema(unittest.TestCase):
    def test_each_manifest_is_what_kubernetes_takes_without_an_unknown_field(self):
        self.assertGreater(len(manifests()), 8)
        for name, manifest in manifests():
            for version in VERSIONS:
                with self.subTest(file=name, kind=manifest["kind"], version=version):
                    kubernetes_validate.validate(manifest, version, strict=True)

    def test_the_check_finds_what_is_wrong(self):
        broken = named("Deployment", "scorm-gateway")
        broken["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
        with self.assertRaises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)

    def test_every_example_is_yaml(self):
        for path in sorted((ROOT / "config").rglob("*.yaml")):
            with self.subTest(file=str(path.relative_to(ROOT))):
                self.assertTrue(documents(path))


class Agreement(unittest.TestCase):
    def test_the_kustomization_names_files_that_are_there_and_no_secret(self):
        (kustomization,) = documents(FOLDER / "kustomization.yaml")
        for resource in kustomization["resources"]:
            self.assertTrue((FOLDER / resource).is_file(), resource)
            for manifest in documents(FOLDER / resource):
                # It would replace the secrets by the placeholders.
                self.assertNotEqual(manifest["kind"], "Secret")
        images = {image["name"] for image in kustomization["images"]}
        self.assertLessEqual(images, {c["image"].split(":")[0] for _, c in gateways()})

    def test_selectors_find_the_gateways(self):
        labels = named("Deployment", "scorm-gateway")["spec"]["template"]["metadata"]["labels"]
        selectors = [named("Service", "scorm-gateway")["spec"]["selector"]]
        selectors += [m["spec"]["selector"]["matchLabels"] for m in of_kind("PodDisruptionBudget")]
        selectors += [m["spec"]["podSelector"]["matchLabels"] for m in of_kind("NetworkPolicy")]
        self.assertGreater(len(selectors), 2)
        for selector in selectors:
            self.assertLessEqual(selector.items(), labels.items())
        for deployment in of_kind("Deployment"):
            spec = deployment["spec"]
            labels = spec["template"]["metadata"]["labels"]
            self.assertLessEqual(spec["selector"]["matchLabels"].items(), labels.items())
            for spread in spec["template"]["spec"].get("topologySpreadConstraints", []):
                self.assertEqual(spread["labelSelector"], spec["selector"])
        for scaler in of_kind("HorizontalPodAutoscaler"):
            target = scaler["spec"]["scaleTargetRef"]
            named(target["kind"], target["name"])

    def test_ports_are_those_that_the_gateway_listens_on(self):
        for spec, container in gateways():
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            volume = next(v for v in spec["volumes"] if "configMap" in v)
            text = named("ConfigMap", volume["configMap"]["name"])["data"]["gateway.yaml"]
            configuration = yaml.safe_load(text)
            listens = {
                int(address.rsplit(":", 1)[1])
                for address in [configuration["listen"][0]["address"], configuration["admin"]["address"]]
                if not address.startswith("127.")
            }
            self.assertEqual(set(ports.values()), listens)
            probes = [container[p] for p in ("startupProbe", "readinessProbe", "livenessProbe") if p in container]
            self.assertGreaterEqual(len(probes), 2)
            for probe in probes:
                self.assertIn(probe["httpGet"]["port"], ports)
                self.assertIn(probe["httpGet"]["path"], ["/healthz", "/readyz"])
            # A live gateway is not restarted because it is not ready.
            self.assertEqual(container["livenessProbe"]["httpGet"]["path"], "/healthz")
        (_, gateway) = next((s, c) for s, c in gateways() if any(p["name"] == "http" for p in c["ports"]))
        ports = {port["name"]: port["containerPort"] for port in gateway["ports"]}
        for port in named("Service", "scorm-gateway")["spec"]["ports"]:
            self.assertIn(port["targetPort"], ports)
        let_in = {
            p["port"] for rule in named("NetworkPolicy", "scorm-gateway")["spec"]["ingress"] for p in rule["ports"]
        }
        self.assertEqual(let_in, set(ports.values()))

    def test_there_is_time_for_calls_under_way_to_end(self):
        for spec, _ in gateways():
            volume = next(v for v in spec["volumes"] if "configMap" in v)
            text = named("ConfigMap", volume["configMap"]["name"])["data"]["gateway.yaml"]
            delay = seconds(yaml.safe_load(text).get("drainDelay", "0s"))
            # 30 s for calls in progress (docs/operations.md, Ending), and time to write the last records.
            self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], delay + 30 + 10)

    def test_files_that_the_configuration_names_are_mounted(self):
        keys = set(named("Secret", "scorm-gateway")["stringData"])
        for name, text in configurations():
            for key in re.findall(re.escape(SECRETS) + r"([\w.-]+)", text):
                self.assertIn(key, keys, name)
        for spec, container in gateways():
            volumes = {volume["name"] for volume in spec["volumes"]}
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            self.assertLessEqual({mount["name"] for mount in mounts.values()}, volumes)
            self.assertIn(SECRETS.rstrip("/"), mounts)
            volume = next(v for v in spec["volumes"] if "configMap" in v)
            text = named("ConfigMap", volume["configMap"]["name"])["data"]["gateway.yaml"]
            self.assertEqual(STATE in text, STATE in mounts)
            configured = container["args"][container["args"].index("-c") + 1]
            self.assertIn(os.path.dirname(configured), mounts)

    def test_the_autoscaler_goes_by_a_metric_that_there_is(self):
        (scaler,) = of_kind("HorizontalPodAutoscaler")
        name = scaler["spec"]["metrics"][0]["pods"]["metric"]["name"]
        documented = (ROOT / "docs" / "operations.md").read_text()
        self.assertIn(f"| `{name}` | gauge |", documented)
        (adapter,) = documents(FOLDER / "prometheus-adapter.yaml")
        (rule,) = adapter["rules"]["custom"]
        self.assertTrue(rule["seriesQuery"].startswith(name + "{"))
        self.assertGreaterEqual(scaler["spec"]["minReplicas"], 2)


class Safety(unittest.TestCase):
    def test_every_container_is_as_restricted_as_the_strictest_standard_asks(self):
        for name, template in pods():
            spec = template["spec"]
            self.assertIs(spec["automountServiceAccountToken"], False, name)
            context = spec["securityContext"]
            self.assertIs(context["runAsNonRoot"], True)
            self.assertGreater(context["runAsUser"], 0)
            self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
            self.assertNotIn("hostNetwork", spec)
            for container in spec.get("initContainers", []) + spec["containers"]:
                own = container["securityContext"]
                self.assertIs(own["allowPrivilegeEscalation"], False)
                self.assertIs(own["readOnlyRootFilesystem"], True)
                self.assertEqual(own["capabilities"], {"drop": ["ALL"]})
                self.assertNotIn("privileged", own)
                self.assertIn("memory", container["resources"]["limits"])
                self.assertIn("cpu", container["resources"]["requests"])
            self.assertIn(str(context["runAsUser"]), (ROOT / "Dockerfile").read_text())

    def test_the_gateway_reaches_the_internet_and_not_what_is_around_it(self):
        (policy,) = of_kind("NetworkPolicy")
        self.assertEqual(set(policy["spec"]["policyTypes"]), {"Ingress", "Egress"})
        blocks = [
            to["ipBlock"] for rule in policy["spec"]["egress"] for to in rule["to"] if "ipBlock" in to
        ]
        self.assertEqual(len(blocks), 2)
        self.assertIn("169.254.0.0/16", blocks[0]["except"])
        for rule in policy["spec"]["ingress"] + policy["spec"]["egress"]:
            self.assertTrue(rule["ports"])


class Configuration(unittest.TestCase):
    def test_the_gateway_takes_the_configuration_without_a_warning(self):
        self.assertEqual(len(configurations()), 2)
        with tempfile.TemporaryDirectory() as folder:
            for key in named("Secret", "scorm-gateway")["stringData"]:
                path = pathlib.Path(folder, key)
                path.touch(mode=0o600)
                path.write_text("a-secret-of-the-check")
            certificate = subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-keyout", os.devnull, "-subj", "/CN=check", "-days", "2"],
                check=True, capture_output=True, text=True).stdout
            pathlib.Path(folder, "store-ca.pem").write_text(certificate)
            for name, text in configurations():
                with self.subTest(configmap=name):
                    path = pathlib.Path(folder, name + ".yaml")
                    path.write_text(text.replace(SECRETS, folder + "/").replace(STATE, folder))
                    done = subprocess.run(
                        [os.environ["GATEWAY"], "check", "-c", str(path)], capture_output=True, text=True,
                        env={"PATH": os.environ["PATH"]})
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
                    self.assertTrue(done.stdout.startswith("good: "))


if __name__ == "__main__":
    unittest.main()
