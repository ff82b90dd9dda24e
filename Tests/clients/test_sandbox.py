"""SCORM Cloud's official Python client calls every operation of the sandbox, with full bodies.

An operation counts as proven if the client got an answer for it, every member of the answer has the type of the
client's models, and the values that were sent came back. With --write, the proven ones are written to
Sources/Sandbox/ProvenOperations.generated.swift. Otherwise the file must already list them.
Run by scripts/client-test.
"""

import base64
import datetime
import http.server
import importlib
import inspect
import io
import json
import os
import pathlib
import pkgutil
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import rustici_software_cloud_v2 as sc  # noqa: E402
import rustici_software_cloud_v2.api as apis  # noqa: E402
from rustici_software_cloud_v2.rest import ApiException  # noqa: E402

from gateway_under_test import eventually, free_port  # noqa: E402
from test_python_client import MANIFEST  # noqa: E402

TARGET = pathlib.Path(__file__).resolve().parents[2] / "Sources/Sandbox/ProvenOperations.generated.swift"
#: Whether this is the newest client. Older ones do not know members that were added later.
IS_NEWEST = not hasattr(sc, "ZoomiApi")
UUID = "6c1f3b0e-3b8a-4a51-9d55-7f7a5d0b1c11"


class Prover:
    """Calls the client's methods by name. Each call is checked against the models and noted as proven."""

    def __init__(self, host, user, password, folder):
        configuration = sc.Configuration()
        configuration.host, configuration.username, configuration.password = host, user, password
        configuration.temp_folder_path = str(folder)
        self.client = sc.ApiClient(configuration)
        self.methods, self.proven = {}, set()
        for module in pkgutil.iter_modules(apis.__path__):
            for name, owner in inspect.getmembers(importlib.import_module(f"{apis.__name__}.{module.name}"),
                                                  inspect.isclass):
                if name.endswith("Api") and name != "ZoomiApi":
                    for method, _ in inspect.getmembers(owner, inspect.isfunction):
                        if hasattr(owner, f"{method}_with_http_info"):
                            self.methods[method] = owner(self.client)

    def __getattr__(self, name):
        owner = self.methods[name]
        source = inspect.getsource(getattr(type(owner), f"{name}_with_http_info"))
        known = set(re.findall(r"'(\w+)'", re.search(r"all_params = \[(.*?)\]", source)[1]))
        expected = re.search(r"response_type='([^']+)'", source)

        def call(*arguments, **options):
            # Parameters that an older client does not have are left out.
            options = {key: value for key, value in options.items() if IS_NEWEST or key in known}
            result = getattr(owner, name)(*arguments, **options)
            answer = self.client.last_response
            if expected and expected[1] != "file":
                check(json.loads(answer.data), expected[1], name)
            elif not expected and name not in ("get_registration", "get_lti13_dispatch_launch"):
                equal(answer.status, 204, f"{name}: status")
            self.proven.add("".join(word.capitalize() for word in name.split("_")))
            return result
        return call


def check(value, kind, place):
    """Checks that `value` has the type `kind` of the client's models, and no members that they do not have."""
    def expect(is_right):
        if not is_right:
            raise AssertionError(f"{place} is {value!r}, which is no {kind}")

    listed = re.fullmatch(r"list\[(.*)\]", kind)
    if value is None:
        return
    if listed:
        expect(isinstance(value, list))
        for index, element in enumerate(value):
            check(element, listed[1], f"{place}[{index}]")
    elif kind == "object" or kind.startswith("dict("):
        expect(isinstance(value, dict))
    elif kind == "str":
        expect(isinstance(value, str))
    elif kind == "bool":
        expect(isinstance(value, bool))
    elif kind == "int":
        expect(isinstance(value, int) and not isinstance(value, bool))
    elif kind == "float":
        expect(isinstance(value, (int, float)) and not isinstance(value, bool))
    elif kind == "datetime":
        expect(isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value))
    else:
        model = getattr(sc, kind)
        if not model.swagger_types:
            expect(value in {text for text in vars(model).values() if isinstance(text, str)})
            return
        expect(isinstance(value, dict))
        wire = {model.attribute_map[name]: kind for name, kind in model.swagger_types.items()}
        for name, member in value.items():
            if name in wire:
                check(member, wire[name], f"{place}.{name}")
            elif IS_NEWEST:
                raise AssertionError(f"{place}.{name} is no member of {kind}")


def equal(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, not {expected!r}")


def refused(status, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except ApiException as error:
        equal(error.status, status, "refusal")
        body = json.loads(error.body) if error.body else {}
        assert status == 404 or body, error.body
        return body.get("message") or body.get("error")
    raise AssertionError(f"not refused with {status}")


class Receiver(http.server.ThreadingHTTPServer):
    """The receiver of postbacks."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), PostbackRequest)
        self.posts = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/postback"


class PostbackRequest(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.posts.append((dict(self.headers), body.decode()))
        self.send_response(302)  # counts as success
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Sandbox:
    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="scorm-gateway-sandbox.")
        self.process = subprocess.Popen(
            [os.environ["GATEWAY"], "sandbox", "--listen", f"127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self.folder.name)
        eventually(self.answers, "the sandbox answers", self.process)

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            with urllib.request.urlopen(self.origin + "/sandbox/calls", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def control(self, path, body):
        request = urllib.request.Request(
            self.origin + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.folder.cleanup()


class Proof:
    def __init__(self, sandbox):
        self.sandbox, self.receiver = sandbox, Receiver()
        self.folder = pathlib.Path(sandbox.folder.name)
        host = sandbox.origin + "/api/v2/"
        self.api = Prover(host, "SANDBOX", "sandbox-secret", self.folder)
        self.management = Prover(host, "SANDBOX-MANAGEMENT", "sandbox-management-secret", self.folder)
        self.host = host

    def run(self):
        for step in (self.accounts, self.courses, self.assets, self.settings, self.registrations, self.learners,
                     self.destinations, self.dispatches, self.invitations, self.xapi, self.connectors,
                     self.reporting, self.applications, self.tokens, self.sample, self.cleanup):
            try:
                step()
            except ApiException as error:
                raise AssertionError(f"{step.__name__}: {error.status} {error.body}") from error
        return self.api.proven | self.management.proven

    def accounts(self):
        assert self.api.ping_app_id().current_time
        assert self.api.get_about().version

    # Courses.

    def archive(self, name="course.zip"):
        path = self.folder / name
        with zipfile.ZipFile(path, "w") as course:
            course.writestr("imsmanifest.xml", MANIFEST)
            course.writestr("index.html", "<!doctype html><title>Page</title>")
        return str(path)

    def imported(self, job):
        def finished():
            result = self.api.get_import_job_status(job)
            return result if result.status != "RUNNING" else None
        result = eventually(finished, "the import is over")
        equal(result.status, "COMPLETE", result.message)
        return result.import_result.course

    def courses(self):
        api = self.api
        upload = api.create_upload_and_import_course_job
        job = upload("golf", may_create_new_version=False, tags=["sport", "uploaded"], file=self.archive())
        equal(self.imported(job.result).id, "golf", "course")
        if IS_NEWEST:
            equal(sorted(api.get_course_tags("golf").tags), ["sport", "uploaded"], "tags of an upload")
        assert "already exists" in refused(409, upload, "golf", file=self.archive())
        job = upload("golf", may_create_new_version=True, file=self.archive(), postback_url=self.receiver.url)
        equal(self.imported(job.result).version, 1, "version")
        eventually(lambda: any("jobId" in body for _, body in self.receiver.posts), "the import's postback")
        fetched = api.create_fetch_and_import_course_job("fetched", sc.ImportFetchRequestSchema(
            url="https://content.example/movie.mp4", content_type="video/mp4",
            media_file_metadata=sc.MediaFileMetadataSchema(
                title="Movie", description="A movie", content_language="en", estimated_duration=90)))
        equal(self.imported(fetched.result).title, "Movie", "title of a media file")
        course = api.get_course("fetched", include_course_metadata=True, include_registration_count=True)
        equal(course.metadata.description, "A movie", "metadata")
        equal(course.registration_count, 0, "registration count")
        referred = api.create_no_upload_and_import_course_job("referred", sc.ImportRequestSchema(
            media_file_reference_request=sc.ImportMediaFileReferenceRequestSchema(
                url="https://content.example/talk.mp3", content_type="audio/mpeg",
                media_file_metadata=sc.MediaFileMetadataSchema(title="Talk"))))
        self.imported(referred.result)
        equal([course.id for course in api.get_courses().courses], ["referred", "fetched", "golf"], "newest first")
        page = api.get_courses(filter="FET", filter_by="course_id", order_by="title_asc", datetime_filter="created",
                               since=datetime.datetime(2000, 1, 1), until=datetime.datetime(2200, 1, 1),
                               include_course_metadata=True, include_registration_count=True,
                               include_total_count=True)
        equal([course.id for course in page.courses], ["fetched"], "filter")
        equal(api.client.last_response.getheader("X-Total-Count"), "1", "total count")
        refused(400, api.get_courses, order_by="colour_asc")
        api.set_course_title("golf", sc.TitleSchema(title="Golf Explained"))
        equal(api.get_course("golf").title, "Golf Explained", "title")
        versions = api.get_course_versions("golf", include_registration_count=True, include_course_metadata=True)
        equal([version.version for version in versions.courses], [0, 1], "versions")
        equal(api.get_course_version_info("golf", 1, include_registration_count=True).version, 1, "version")
        equal(api.get_course("golf").course_learning_standard, "SCORM12", "learning standard")
        for path in (api.get_course_zip("golf"), api.get_versioned_course_zip("golf", 0)):
            with zipfile.ZipFile(path) as course:
                equal(sorted(course.namelist()), ["imsmanifest.xml", "index.html"], "what went up comes down")
        api.put_course_tags("golf", sc.TagListSchema(tags=["a", "b"]))
        api.put_course_tags("golf", sc.TagListSchema(tags=["b", "c"]))
        assert {"a", "b", "c"} <= set(api.get_course_tags("golf").tags), "tags are added"
        api.delete_course_tags("golf", sc.TagListSchema(tags=["a", "none"]))
        assert "a" not in api.get_course_tags("golf").tags
        api.put_course_tags_batch(sc.BatchTagsSchema(ids=["golf", "fetched"], tags=["both"]))
        refused(404, api.put_course_tags_batch, sc.BatchTagsSchema(ids=["golf", "none"], tags=["never"]))
        equal(len(api.get_courses(tags=["both", "never"]).courses), 2, "tags of a batch")
        preview = sc.PreviewLaunchLinkRequestSchema(
            expiry=60, redirect_on_exit_url="Message", start_sco="i", culture="en", css_url="https://css.example/c",
            additionalvalues=[sc.ItemValuePairSchema(item="k", value="v")])
        link = api.build_course_preview_launch_link("golf", preview).launch_link
        with urllib.request.urlopen(link, timeout=10) as page:
            assert "Golf Explained" in page.read().decode()
        api.build_course_preview_launch_link_with_version("golf", 0, preview)
        api.get_course_statements("golf", learner_id="ada")
        api.get_course_version_statements("golf", 1)
        refused(404, api.get_course, "none")

    def assets(self):
        api = self.api
        note = self.folder / "note.txt"
        note.write_text("a note")
        asset = api.upload_course_asset_file("golf", "/texts/note.txt", file=str(note), update_asset_policy="reject")
        equal(asset.filename, "note.txt", "asset")
        refused(400, api.upload_course_asset_file, "golf", "/texts/note.txt", file=str(note),
                update_asset_policy="reject")
        paths = [item.path for item in api.get_course_file_list("golf").files]
        assert "texts/note.txt" in paths, paths
        with open(api.get_course_asset("golf", "texts/note.txt")) as file:
            equal(file.read(), "a note", "content of an asset")
        api.import_course_asset_file("golf", sc.ImportAssetRequestSchema(
            fetch_url="https://content.example/image.png", destination="/images/image.png"), update_asset_policy="lax")
        api.delete_course_asset("golf", "images/image.png")
        api.upload_course_version_asset_file("golf", 0, "note.txt", file=str(note))
        api.get_course_version_file_list("golf", 0)
        api.get_course_version_asset("golf", 0, "note.txt")
        api.import_course_version_asset_file("golf", 0, sc.ImportAssetRequestSchema(
            fetch_url="https://content.example/other.txt", destination="other.txt"))
        api.delete_course_version_asset("golf", 0, "note.txt")
        refused(404, api.get_course_version_asset, "golf", 0, "note.txt")

    # Configuration.

    @staticmethod
    def setting(settings, name):
        return next(item for item in settings.setting_items if item.id == name)

    @staticmethod
    def posted(value):
        return sc.SettingsPostSchema(settings=[
            sc.SettingsIndividualSchema(setting_id="PlayerLaunchType", value=value, explicit=True)])

    def settings(self):
        api, name = self.api, "PlayerLaunchType"
        api.set_application_configuration(self.posted("NEW_WINDOW"))
        api.set_application_configuration(self.posted("FRAMESET"), learning_standard="CMI5", single_sco=True)
        found = self.setting(api.get_application_configuration(include_metadata=True), name)
        equal((found.effective_value, found.effective_value_source), ("NEW_WINDOW", "application"), "application")
        assert found.metadata.default and found.metadata.valid_values
        standard = api.get_application_configuration(learning_standard="CMI5", single_sco=True)
        equal(self.setting(standard, name).effective_value_source, "learningStandardForApplication", "standard")
        found = self.setting(api.get_course_configuration("golf", include_metadata=True), name)
        equal((found.effective_value, found.explicit_value), ("NEW_WINDOW", None), "inherited")
        api.set_course_configuration("golf", self.posted("FRAMESET"))
        equal(self.setting(api.get_course_configuration("golf"), name).effective_value_source, "course", "course")
        api.set_course_version_configuration("golf", 0, self.posted("NEW_WINDOW_AFTER_CLICK"))
        equal(self.setting(api.get_course_version_configuration("golf", 0), name).explicit_value,
              "NEW_WINDOW_AFTER_CLICK", "version")
        api.delete_course_version_configuration_setting("golf", 0, name)
        refused(400, api.set_course_configuration, "golf", sc.SettingsPostSchema(
            settings=[sc.SettingsIndividualSchema(setting_id="NoSuchSetting", value="1")]))

    # Registrations.

    def registration(self, identifier, **options):
        return sc.CreateRegistrationSchema(
            course_id="golf", registration_id=identifier,
            learner=sc.LearnerSchema(id="ada", email="ada@example.com", first_name="Ada", last_name="Lovelace"),
            **options)

    def registrations(self):
        api = self.api
        api.create_registration(self.registration(
            "full", xapi_registration_id=UUID, learner_tags=["learner"], course_tags=["course"],
            registration_tags=["one", "one", "two"],
            post_back=sc.PostBackSchema(url=self.receiver.url, auth_type="FORM", user_name="user",
                                        password="pass word", results_format="FULL", legacy=False),
            initial_settings=self.posted("NEW_WINDOW_AFTER_CLICK"),
            initial_registration_state=sc.RegistrationSchema(
                registration_completion="INCOMPLETE", registration_success="UNKNOWN",
                score=sc.ScoreSchema(scaled=12.5), total_seconds_tracked=33.0,
                global_objectives=[sc.ObjectiveSchema(id="g", primary=False, score=sc.ScoreSchema(scaled=50.0))],
                shared_data=[sc.SharedDataEntrySchema(id="s", value="v")], suspended_activity_id="i")),
            course_version=1)
        progress = api.get_registration_progress("full", include_child_results=True,
                                                 include_interactions_and_objectives=True, include_runtime=True)
        equal(progress.xapi_registration_id, UUID, "xAPI registration")
        equal((progress.registration_completion, progress.score.scaled, progress.total_seconds_tracked),
              ("INCOMPLETE", 12.5, 33.0), "initial state")
        equal((progress.global_objectives[0].id, progress.shared_data[0].value), ("g", "v"), "initial details")
        equal(progress.tags, ["one", "two"], "tags without doubles")
        found = self.setting(api.get_registration_configuration("full", include_metadata=True), "PlayerLaunchType")
        equal((found.explicit_value, found.effective_value_source),
              ("NEW_WINDOW_AFTER_CLICK", "registration"), "initial settings")
        refused(400, api.create_registration, self.registration("full"))
        api.get_registration("full")
        refused(404, api.get_registration, "none")
        api.create_registration(self.registration("r/1 ü"))
        self.launch("full")
        self.instances()
        api.set_registration_configuration("full", self.posted("FRAMESET"))
        api.delete_registration_configuration_setting("full", "PlayerLaunchType")
        api.put_registration_tags("full", sc.TagListSchema(tags=["three"]))
        api.put_registration_tags_batch(sc.BatchTagsSchema(ids=["full", "r/1 ü"], tags=["both"]))
        api.delete_registration_tags("full", sc.TagListSchema(tags=["one"]))
        equal(api.get_registration_tags("full").tags, ["two", "three", "both"], "tags")
        page = api.get_registrations(
            course_id="golf", learner_id="ada", tags=["both"], filter="FULL", filter_by="registration_id",
            order_by="updated_desc", datetime_filter="updated", since=datetime.datetime(2000, 1, 1),
            include_child_results=True, include_interactions_and_objectives=True, include_runtime=True,
            include_total_count=True)
        equal([item.id for item in page.registrations], ["full"], "filters")
        for kind in ("FORM", "HTTPBASIC"):
            self.receiver.posts.clear()
            api.test_registration_postback(sc.PostBackSchema(
                url=self.receiver.url, auth_type=kind, user_name="user", password="pass", results_format="COURSE"))
            eventually(lambda: self.receiver.posts, "a test postback")
            headers, body = self.receiver.posts[0]
            if kind == "FORM":
                form = urllib.parse.parse_qs(body)
                equal((form["userName"], form["password"]), (["user"], ["pass"]), "form")
                data = json.loads(form["data"][0])
            else:
                equal(headers["Authorization"], "Basic " + base64.b64encode(b"user:pass").decode(), "basic")
                data = json.loads(body)
            check(data, "RegistrationSchema", "postback")

    def launch(self, identifier):
        api = self.api
        for target in ("Message", "closer", "BLANK", "", "https://lms.example/done"):
            link = api.build_registration_launch_link(identifier, sc.LaunchLinkRequestSchema(
                expiry=120, redirect_on_exit_url=target, tracking=True, start_sco="i", culture="en",
                css_url="https://css.example/c", learner_tags=["l"], course_tags=["c"], registration_tags=["two"],
                additionalvalues=[sc.ItemValuePairSchema(item="k", value="v")],
                launch_auth=sc.LaunchAuthSchema(type="cookies", options=sc.LaunchAuthOptionsSchema(
                    ip_address=True, fingerprint=False, expiry=300, sliding_expiry=300)))).launch_link
        refused(400, api.build_registration_launch_link, identifier, sc.LaunchLinkRequestSchema(
            redirect_on_exit_url="nowhere"))
        equal(urllib.parse.urlsplit(link).port, self.sandbox.port, "the link leads to the sandbox")
        with urllib.request.urlopen(link, timeout=10) as page:
            assert "Golf Explained" in page.read().decode()
        self.receiver.posts.clear()
        form = urllib.parse.urlencode({
            "completion": "COMPLETED", "success": "PASSED", "score": "85", "seconds": "120",
            "objectives": json.dumps([{"id": "o", "runtimeObjectiveSuccessStatus": "PASSED", "scoreScaled": "0.9"}]),
            "interactions": json.dumps([{"id": "q1", "type": "Choice", "learnerResponse": "a", "result": "correct"}]),
        }).encode()
        opener = urllib.request.build_opener(NoRedirect)
        try:
            opener.open(urllib.request.Request(link, form), timeout=10)
            raise AssertionError("no redirect")
        except urllib.error.HTTPError as redirect:
            equal((redirect.code, redirect.headers["Location"]), (303, "https://lms.example/done"), "exit")
        progress = api.get_registration_progress(identifier, include_child_results=True,
                                                 include_interactions_and_objectives=True, include_runtime=True)
        equal((progress.registration_completion, progress.registration_success, progress.score.scaled,
               progress.total_seconds_tracked), ("COMPLETED", "PASSED", 85.0, 153.0), "progress")
        equal(progress.activity_details.children[0].title, "Page", "activities are those of the manifest")
        runtime = progress.activity_details.children[0].runtime
        equal((runtime.runtime_interactions[0].id, runtime.runtime_objectives[0].id), ("q1", "o"), "runtime")
        assert progress.completed_date and progress.first_access_date
        eventually(lambda: self.receiver.posts, "a postback")
        form = urllib.parse.parse_qs(self.receiver.posts[0][1])
        equal((form["userName"], form["password"]), (["user"], ["pass word"]), "form of a postback")
        check(json.loads(form["data"][0]), "RegistrationSchema", "postback")
        history = api.get_registration_launch_history(identifier, include_history_log=True).launch_history
        equal((history[-1].completion_status, history[-1].score.scaled), ("COMPLETED", 85.0), "history")
        assert history[-1].history_log and history[-1].exit_time
        statements = api.get_registration_statements(identifier, since=datetime.datetime(2000, 1, 1)).statements
        verbs = {statement.verb.id.rsplit("/", 1)[1] for statement in statements}
        equal(verbs, {"launched", "answered", "completed", "passed", "exited"}, "statements")

    def instances(self):
        api = self.api
        api.create_new_registration_instance("full")
        equal([item.instance for item in api.get_registration_instances("full").registrations], [0, 1], "instances")
        first = api.get_registration_instance_progress("full", 0, include_child_results=True,
                                                       include_interactions_and_objectives=True,
                                                       include_runtime=True)
        equal((first.instance, first.registration_completion), (0, "COMPLETED"), "first instance")
        equal(api.get_registration_progress("full").registration_completion, "UNKNOWN", "new instance")
        api.get_registration_instance_launch_history("full", 0, include_history_log=False)
        assert api.get_registration_instance_statements("full", 0).statements
        api.set_registration_instance_configuration("full", 0, self.posted("FRAMESET"))
        found = api.get_registration_instance_configuration("full", 0, include_metadata=False)
        equal(self.setting(found, "PlayerLaunchType").explicit_value, "FRAMESET", "instance setting")
        api.delete_registration_instance_configuration_setting("full", 0, "PlayerLaunchType")
        done = self.sandbox.control("/sandbox/progress", {"registrationId": "full", "completion": "INCOMPLETE"})
        check(done, "RegistrationSchema", "progress")
        api.delete_registration_global_data("full")
        api.delete_registration_progress("full")
        equal(api.get_registration_progress("full").registration_completion, "UNKNOWN", "reset")
        api.delete_registration_instance("full", 1)
        equal(api.get_registration_progress("full").instance, 0, "instance left")

    def learners(self):
        api = self.api
        api.update_learner_info("ada", sc.LearnerSchema(id="ada", last_name="King"))
        learner = api.get_registration_progress("full").learner
        equal((learner.first_name, learner.last_name), ("Ada", "King"), "only what is named changes")
        api.put_learner_tags("ada", sc.TagListSchema(tags=["maths"]))
        api.put_learner_tags_batch(sc.BatchTagsSchema(ids=["ada"], tags=["maths", "engines"]))
        equal(set(api.get_learner_tags("ada").tags), {"learner", "l", "maths", "engines"}, "learner tags")
        api.delete_learner_tags("ada", sc.TagListSchema(tags=["l"]))
        api.create_registration(sc.CreateRegistrationSchema(
            course_id="golf", registration_id="forgotten", learner=sc.LearnerSchema(id="gone")))
        api.delete_all_learner_data("gone", "me@example.com")
        refused(404, api.get_registration, "forgotten")

    # Dispatch.

    def destinations(self):
        api = self.api
        data = sc.DestinationSchema(
            name="Other LMS", tags=["t"], email="me@example.com", notes="notes",
            launch_auth=sc.LaunchAuthSchema(type="vault", options=sc.LaunchAuthOptionsSchema(ip_address=True)),
            lti13_data=sc.Lti13PlatformConfigurationSchema(
                client_id="c", platform_issuer_identifier="https://lms.example", deployment_id="1",
                oidc_authorization_endpoint="https://lms.example/a", json_web_key_set_url="https://lms.example/k",
                access_token_url="https://lms.example/t"))
        api.create_destinations(sc.DestinationListSchema(destinations=[sc.DestinationIdSchema(id="lms", data=data)]))
        found = api.get_destination("lms", include_dispatch_count=True)
        equal((found.name, found.notes, found.launch_auth.type, found.lti13_data.client_id, found.dispatch_count),
              ("Other LMS", "notes", "vault", "c", 0), "destination")
        api.set_destination("lms", sc.DestinationSchema(notes="changed"))
        equal((api.get_destination("lms").name, api.get_destination("lms").notes), ("Other LMS", "changed"), "update")
        api.set_destination("second", sc.DestinationSchema(name="Second"))
        refused(400, api.set_destination, "third", sc.DestinationSchema(notes="no name"))
        api.put_destination_tags("lms", sc.TagListSchema(tags=["u"]))
        api.put_destination_tags_batch(sc.BatchTagsSchema(ids=["lms", "second"], tags=["both"]))
        api.delete_destination_tags("lms", sc.TagListSchema(tags=["u"]))
        equal(api.get_destination_tags("lms").tags, ["t", "both"], "destination tags")
        page = api.get_destinations(filter="other", filter_by="name", order_by="name_desc", tags=["t"],
                                    datetime_filter="created", since=datetime.datetime(2000, 1, 1),
                                    include_dispatch_count=True, include_total_count=True)
        equal([item.id for item in page.destinations], ["lms"], "destinations")
        api.update_destination_hash_user_info("lms", sc.EnabledSchema(enabled=True))
        equal(api.get_destination_hash_user_info("lms").enabled, True, "hash user info")
        assert api.get_lti13_tool_configuration_schema("lms").redirect_uri

    def dispatch(self, identifier, course, destination="lms", **options):
        return sc.CreateDispatchListSchema(dispatches=[sc.CreateDispatchIdSchema(
            id=identifier, data=sc.CreateDispatchSchema(destination_id=destination, course_id=course, **options))])

    def dispatches(self):
        api = self.api
        expiry = datetime.datetime(2199, 1, 1)
        api.create_dispatches(self.dispatch(
            "d1", "golf", allow_new_registrations=True, instanced=False, registration_cap=5, expiration_date=expiry,
            enabled=True, tags=["t"], email="me@example.com", notes="notes",
            post_back=sc.PostBackSchema(url=self.receiver.url, auth_type="HTTPBASIC", user_name="u", password="p")))
        found = api.get_dispatch("d1")
        equal((found.registration_cap, found.instanced, found.notes, found.tags, found.course_title),
              (5, False, "notes", ["t"], "Golf Explained"), "dispatch")
        equal(found.expiration_date.replace(tzinfo=None), expiry, "expiration date")
        api.create_dispatches(self.dispatch("", "golf", notes="the old one", registration_cap=5))
        equal(api.get_dispatch("d1").notes, "the old one", "the old dispatch is changed")
        assert "already exists" in refused(400, api.create_dispatches, self.dispatch("d2", "golf"))
        api.create_dispatches(self.dispatch("d2", "fetched"))
        page = api.get_dispatches(course_id="golf", is_enabled=True, tags=["t"], filter="D1", filter_by="dispatch_id",
                                  order_by="created_desc", datetime_filter="updated",
                                  since=datetime.datetime(2000, 1, 1), include_total_count=True)
        equal([item.id for item in page.dispatches], ["d1"], "dispatches")
        equal(len(api.get_destination_dispatches("lms", include_total_count=True).dispatches), 2, "of a destination")
        api.update_dispatch("d1", sc.UpdateDispatchSchema(notes="changed", registration_count=3))
        equal((api.get_dispatch("d1").notes, api.get_dispatch("d1").registration_cap), ("changed", 5), "update")
        api.update_dispatches(sc.UpdateDispatchSchema(allow_new_registrations=True), course_id="golf")
        equal(api.client.last_response.getheader("X-Total-Count"), "1", "updated dispatches")
        refused(400, api.update_dispatches, sc.UpdateDispatchSchema(enabled=False))
        api.set_dispatch_enabled("d1", sc.EnabledSchema(enabled=False))
        equal(api.get_dispatch_enabled("d1").enabled, False, "disabled")
        api.set_destination_dispatch_enabled("lms", sc.EnabledSchema(enabled=True))
        equal(api.get_dispatch_enabled("d1").enabled, True, "enabled with the destination")
        api.enable_registration_instancing("lms", sc.EnabledSchema(enabled=True))
        api.update_dispatch_hash_user_info("d1", sc.EnabledSchema(enabled=True))
        equal(api.get_dispatch_hash_user_info("d1").enabled, True, "hash user info")
        api.put_dispatch_tags("d1", sc.TagListSchema(tags=["u"]))
        api.put_dispatch_tags_batch(sc.BatchTagsSchema(ids=["d1", "d2"], tags=["both"]))
        api.delete_dispatch_tags("d1", sc.TagListSchema(tags=["t"]))
        equal(api.get_dispatch_tags("d1").tags, ["u", "both"], "dispatch tags")
        with zipfile.ZipFile(api.get_dispatch_zip("d1", type="SCORM12", css_url="https://css.example/c")) as package:
            equal(sorted(package.namelist()), ["imsmanifest.xml", "index.html"], "package")
        with zipfile.ZipFile(api.get_destination_dispatch_zip("lms", type="SCORM12", tags=["both"])) as packages:
            equal(len(packages.namelist()), 2, "packages")
            assert zipfile.is_zipfile(io.BytesIO(packages.read(packages.namelist()[0])))
        launch = api.get_lti13_dispatch("d1").target_link_uri
        with urllib.request.urlopen(f"{launch}?learnerId=guest&firstName=G", timeout=10) as page:
            assert "Golf Explained" in page.read().decode()
        equal(api.get_dispatch_registration_count("d1").registration_count, 4, "count")
        equal(api.get_destination_dispatch_registration_count("lms").result, 4, "count of a destination")
        api.reset_dispatch_registration_count("d1")
        assert api.get_dispatch_registration_count("d1").last_reset_date
        api.reset_destination_dispatch_registration_count("lms")
        assert api.get_lti_dispatch("d1").shared_secret
        api.get_lti13_dispatch_launch("d1", "config", "jwt")
        api.delete_dispatch_postback_info("d1")
        api.delete_dispatch("d2")
        api.delete_dispatches(since=datetime.datetime(2000, 1, 1))
        equal(api.client.last_response.getheader("X-Total-Count"), "1", "deleted dispatches")
        api.create_dispatches(self.dispatch("d3", "golf"))
        api.delete_destination_dispatches("lms")
        refused(404, api.get_dispatch, "d3")
        api.delete_destination("second")

    # Invitations.

    def invitations(self):
        api = self.api
        expiry = datetime.datetime(2199, 1, 1)
        post_back = sc.PostBackSchema(url=self.receiver.url, auth_type="FORM")
        public = api.create_public_invitation(sc.CreatePublicInvitationSchema(
            course_id="golf", creating_user_email="me@example.com", registration_cap=2, post_back=post_back,
            expiration_date=expiry, tags=["t"]))
        equal((public.course_id, public.registration_cap, public.allow_launch), ("golf", 2, True), "invitation")
        private = api.create_private_invitation(sc.CreatePrivateInvitationSchema(
            course_id="golf", creating_user_email="me@example.com", post_back=post_back, expiration_date=expiry,
            tags=["t"], duplicate_registration_option="SEND_EXISTING",
            invitation_email=sc.InvitationEmailSchema(
                subject="Subject", body="Body", addresses=["a@example.com", "b@example.com"])))
        equal(private.is_public, False, "summary")
        self.sandbox.control("/sandbox/clock", {"advance": "2s"})
        status = api.get_private_invitation_job_status(private.id)
        equal((status.status, status.total, status.processed), ("COMPLETE", 2, 2), "mails")
        page = urllib.request.urlopen(urllib.request.Request(
            public.url, urllib.parse.urlencode({"email": "c@example.com", "firstName": "C"}).encode()), timeout=10)
        assert "Golf Explained" in page.read().decode()
        users = api.get_public_user_invitations(public.id, filter="C@", filter_by="email", order_by="email_asc",
                                                include_registration_report=True, include_total_count=True)
        equal([(user.email, user.is_started) for user in users.user_invitations], [("c@example.com", True)], "users")
        equal(users.user_invitations[0].registration_report.complete, "INCOMPLETE", "report")
        users = api.get_private_user_invitations(private.id, include_registration_report=True)
        equal(len(users.user_invitations), 2, "users of a private invitation")
        found = api.get_private_invitation(private.id, include_registration_count=True)
        equal((found.registration_count, found.invitation_email.subject), (2, "Subject"), "private invitation")
        found = api.get_public_invitation(public.id, include_registration_count=True)
        equal((found.registration_count, found.post_back.url), (1, self.receiver.url), "public invitation")
        page = api.get_all_invitations(course_id="golf", tags=["t"], order_by="created_desc", filter_by="course_id",
                                       filter="golf", datetime_filter="updated", include_total_count=True)
        equal([item.id for item in page.invitations], [private.id, public.id], "invitations")
        equal([item.id for item in api.get_public_invitations(
            include_registration_count=True, include_total_count=True).invitations], [public.id], "public ones")
        equal([item.id for item in api.get_private_invitations(
            include_registration_count=True, include_total_count=True).invitations], [private.id], "private ones")
        updated = api.update_public_invitation(public.id, sc.PublicInvitationUpdateSchema(
            allow_launch=False, allow_new_registrations=False, post_back=post_back, expiration_date=expiry,
            registration_cap=7))
        equal((updated.allow_launch, updated.registration_cap), (False, 7), "update")
        email = (sc.InvitationEmailUpdateSchema(subject="Other") if IS_NEWEST
                 else sc.InvitationEmailSchema(subject="Other", addresses=["x@example.com"]))
        updated = api.update_private_invitation(private.id, sc.PrivateInvitationUpdateSchema(
            allow_launch=True, invitation_email=email, post_back=post_back, expiration_date=expiry))
        equal((updated.invitation_email.subject, updated.invitation_email.body,
               len(updated.invitation_email.addresses)), ("Other", "Body", 2), "update of a private one")
        api.put_invitation_tags(public.id, sc.TagListSchema(tags=["u"]))
        api.put_invitation_tags_batch(sc.BatchTagsSchema(ids=[public.id, private.id], tags=["both"]))
        api.delete_invitation_tags(public.id, sc.TagListSchema(tags=["t"]))
        equal(api.get_invitation_tags(public.id).tags, ["u", "both"], "invitation tags")

    # The rest.

    def xapi(self):
        api = self.api
        credential = sc.XapiCredentialPostSchema(
            name="lrs", info="info", secret="s3cret", is_enabled=True,
            auth=sc.XapiCredentialAuthTypeSchema(xapi_credential_auth_type="OAUTH"),
            permissions_level=sc.XapiCredentialPermissionsLevelSchema(xapi_credential_permissions_level="READONLY"))
        identifier = api.create_xapi_credential(credential).result
        found = api.get_xapi_credential(identifier)
        equal((found.name, found.secret, found.auth.xapi_credential_auth_type), ("lrs", "s3cret", "OAUTH"), "xAPI")
        credential.name = "renamed"
        api.set_xapi_credential(identifier, credential)
        api.set_xapi_credential("mine", credential)
        equal(api.get_xapi_credential("mine").name, "renamed", "PUT creates")
        page = api.get_xapi_credentials(filter="REN", filter_by="name", order_by="created_asc",
                                        datetime_filter="updated", include_total_count=True)
        equal([item.id for item in page.xapi_credentials], [identifier, "mine"], "xAPI credentials")
        api.delete_xapi_credential("mine")
        source = sc.XapiEndpointSchema(url="https://lrs.example/a", user_name="u", password="p")
        target = sc.XapiEndpointSchema(url="https://lrs.example/b", user_name="u", password="p")
        pipe = api.create_statement_pipe(sc.XapiStatementPipePostSchema(source=source, target=target)).result
        equal(api.get_statement_pipe(pipe).target.url, "https://lrs.example/b", "pipe")
        api.set_statement_pipe(pipe, sc.XapiStatementPipePutSchema(source=target, target=source))
        equal([item.source.url for item in api.get_statement_pipes().xapi_statement_pipes],
              ["https://lrs.example/b"], "pipes")
        api.delete_statement_pipe(pipe)

    def connectors(self):
        api = self.api
        identifier = api.create_connector(sc.CreateConnectorSchema(
            content_connector_type="s3", configuration={"bucket": "b", "depth": 2}, enabled=True)).result
        api.update_connector(identifier, sc.UpdateConnectorSchema(configuration={"bucket": "c"}, enabled=True))
        entries = api.get_connectors_list(include_additional_instance_information=True).connector_entries
        equal([(entry.content_connector_type, entry.configuration) for entry in entries],
              [("s3", {"bucket": "c"})], "connectors")
        job = api.create_no_upload_and_import_course_job("connected", sc.ImportRequestSchema(
            connector_reference_request=sc.ImportConnectorRequestSchema(
                connector_id=identifier, connector_id_for_content="x", metadata_for_connector={"a": 1})))
        self.imported(job.result)
        api.delete_connector(identifier)

    def reporting(self):
        api = self.api
        assert api.get_account_info().usage.total_courses >= 4
        auth = api.get_reportage_auth_token("FREENAV", admin=True).query_string.split("=", 1)[1]
        link = api.get_reportage_link(auth, "https://cloud.scorm.com/Reportage/reportage.php?appId=SANDBOX")
        assert auth in link.reportage_link

    def applications(self):
        api, host = self.management, self.host
        made = api.create_application(sc.ApplicationRequestSchema(name="Second"))
        api.update_application(made.id, sc.UpdateApplicationSchema(name="Renamed", allow_delete=False))
        info = api.get_application_info(made.id, include_course_count=True, include_registration_count=True)
        equal((info.name, info.allow_delete, info.course_count), ("Renamed", False, 0), "application")
        assert made.id in [item.id for item in api.get_application_list().applications]
        page = api.get_applications(filter="RENAMED", filter_by="name", order_by="created_desc",
                                    include_course_count=True, include_registration_count=True,
                                    include_total_count=True)
        equal([item.id for item in page.applications], [made.id], "applications")
        credential = api.create_credential(made.id, sc.CredentialRequestSchema(name="key", active=True))
        child = Prover(host, made.id, credential.credential, self.folder)
        assert child.ping_app_id() and child.get_courses().courses == [], "an application has its own data"
        refused(403, child.delete_course, "none")
        api.update_credential(made.id, credential.id, sc.CredentialRequestSchema(name="off", active=False))
        refused(401, child.ping_app_id)
        equal([(item.name, item.status) for item in api.get_credentials(made.id).credentials],
              [("off", "inactive")], "credentials")
        api.delete_credential(made.id, credential.id)
        refused(400, api.delete_application, "SANDBOX")
        api.delete_application(made.id)
        refused(404, api.get_application_info, made.id)

    def tokens(self):
        api = self.api
        token = api.get_app_token("read:course", expiration=60)
        equal(token.expires_in, 60, "lifetime")
        expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
        made = api.create_token(sc.TokenRequestSchema(
            permissions=sc.PermissionsSchema(scopes=["read:course"], application_name="SANDBOX"), expiry=expiry)).result
        for text in (token.access_token, made):
            bearer = Prover(self.host, None, None, self.folder)
            bearer.client.default_headers["Authorization"] = f"Bearer {text}"
            bearer.client.configuration.auth_settings = dict
            assert bearer.get_courses().courses
            refused(403, bearer.get_registrations)
        refused(403, api.create_token, sc.TokenRequestSchema(
            permissions=sc.PermissionsSchema(scopes=["read"], application_name="SANDBOX-MANAGEMENT"), expiry=expiry))

    def sample(self):
        """The steps of the clients' published samples: upload, register, launch, look, list, clean up."""
        api = self.api
        self.imported(api.create_upload_and_import_course_job("sample", file=self.archive()).result)
        for number in range(3):
            learner = sc.LearnerSchema(id=f"learner {number}")
            api.create_registration(sc.CreateRegistrationSchema(
                course_id="sample", learner=learner, registration_id=f"sample {number}"))
        api.build_registration_launch_link("sample 0", sc.LaunchLinkRequestSchema(redirect_on_exit_url="Message"))
        api.get_registration_progress("sample 0")
        more, seen = None, []
        while True:
            page = api.get_registrations(**({"more": more} if more else {"course_id": "sample"}))
            seen += [item.id for item in page.registrations]
            more = page.more
            if not more:
                break
        equal(seen, ["sample 2", "sample 1", "sample 0"], "registrations")
        api.delete_course("sample")
        for identifier in seen:
            api.delete_registration(identifier)

    def cleanup(self):
        api = self.api
        api.delete_course_configuration_setting("golf", "PlayerLaunchType")
        api.delete_application_configuration_setting("PlayerLaunchType")
        api.delete_registration("full")
        api.delete_course_version("golf", 0)
        equal(len(api.get_course_versions("golf").courses), 1, "versions left")
        api.delete_course_version("golf", 1)
        refused(404, api.get_course, "golf")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def main():
    sandbox = Sandbox()
    try:
        proven = Proof(sandbox).run()
    finally:
        sandbox.stop()
    print(f"{len(proven)} operations proven by the official client")
    if not IS_NEWEST:
        missing = set(re.findall(r"^    (\w+)$", TARGET.read_text(), re.M)) - proven
        equal(missing, set(), "proven by the newest client only")
        return
    text = ("// swift-format-ignore-file\n"
            "// Written by Tests/clients/test_sandbox.py, which proves them: scripts/client-test --write.\n\n"
            "/// The operations that the official Python client called in the last run of its tests, with answers of\n"
            "/// its models' types.\n"
            "package enum ProvenOperations {\n"
            "  /// Names, a line each.\n"
            "  package static let names = \"\"\"\n    " + "\n    ".join(sorted(proven)) + "\n    \"\"\"\n}\n")
    if "--write" in sys.argv[1:]:
        TARGET.write_text(text)
    elif TARGET.read_text() != text:
        sys.exit(f"{TARGET.name} does not say what was proven; run scripts/client-test --write")


if __name__ == "__main__":
    main()
