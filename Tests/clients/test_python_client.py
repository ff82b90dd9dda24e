"""SCORM Cloud's official Python client, with only its host changed and no credentials, does the same through the
gateway as with the service. Run by scripts/client-test."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import unittest
import urllib.parse
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import rustici_software_cloud_v2 as scorm_cloud  # noqa: E402
from rustici_software_cloud_v2.rest import ApiException  # noqa: E402

from gateway_under_test import APP, SECRET, GatewayUnderTest, eventually  # noqa: E402

COURSES = 25
REGISTRATION = "r/1 ü"  # identifiers are any text: a slash, a space and a non-ASCII letter

MANIFEST = """\
<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="course" version="1.2" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <organizations default="o"><organization identifier="o"><title>Course</title>
    <item identifier="i" identifierref="r"><title>Page</title></item></organization>
  </organizations>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html">
    <file href="index.html"/></resource></resources>
</manifest>
"""


class RecordingClient(scorm_cloud.ApiClient):
    """The unmodified client, except that it notes each call it makes."""

    def __init__(self, configuration):
        super().__init__(configuration)
        self.calls = []

    def request(self, method, url, **options):
        self.calls.append((method, url, dict(options.get("headers") or {})))
        return super().request(method, url, **options)


class PythonClient(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.under_test = GatewayUnderTest()
        self.addCleanup(self.under_test.stop)
        self.expected = []

    def test_host_without_a_trailing_slash(self):
        self.work_as_a_caller("/api/v2")

    def test_host_with_a_trailing_slash_as_in_the_clients_default(self):
        self.work_as_a_caller("/api/v2/")

    def work_as_a_caller(self, base_path):
        configuration = scorm_cloud.Configuration()
        configuration.host = f"http://127.0.0.1:{self.under_test.port}{base_path}"
        configuration.temp_folder_path = str(self.under_test.directory)
        self.client = RecordingClient(configuration)
        self.courses = scorm_cloud.CourseApi(self.client)
        self.registrations = scorm_cloud.RegistrationApi(self.client)

        self.ping()
        self.import_courses()
        self.list_every_page()
        self.download("course 0")
        self.register("course 0")
        self.delete("course 1")
        self.check_that_the_client_sent_no_secret()
        self.check_tokens()
        self.check_traffic_log()

    def called(self, operation, result):
        """Notes the operation that the traffic log must have for the last call."""
        self.expected.append(operation)
        return result

    def ping(self):
        answer = self.called("PingAppId", scorm_cloud.PingApi(self.client).ping_app_id())
        self.assertIsInstance(answer, scorm_cloud.PingSchema)

    def import_courses(self):
        archive = self.under_test.directory / "course.zip"
        with zipfile.ZipFile(archive, "w") as course:
            course.writestr("imsmanifest.xml", MANIFEST)
            course.writestr("index.html", "<!doctype html><title>Page</title>")
        for number in range(COURSES):
            job = self.called(
                "CreateUploadAndImportCourseJob",
                self.courses.create_upload_and_import_course_job(
                    f"course {number}", may_create_new_version=False, file=str(archive))).result
            result = eventually(lambda: self.finished_import(job), f"course {number} is imported")
            self.assertEqual(result.status, "COMPLETE")
            self.assertEqual(result.import_result.course.id, f"course {number}")

    def finished_import(self, job):
        result = self.called("GetImportJobStatus", self.courses.get_import_job_status(job))
        return result if result.status != "RUNNING" else None

    def list_every_page(self):
        seen, more, pages = [], None, 0
        while True:
            options = {"more": more} if more else {}
            page = self.called("GetCourses", self.courses.get_courses(**options))
            seen += [course.id for course in page.courses]
            more, pages = page.more, pages + 1
            if not more:
                break
            self.assertLess(pages, COURSES, "the pages do not end")
        self.assertGreater(pages, 1)
        self.assertEqual(sorted(seen), sorted(f"course {number}" for number in range(COURSES)))

    def download(self, course):
        path = self.called("GetCourseZip", self.courses.get_course_zip(course))
        self.assertTrue(os.path.exists(path))
        # The client decodes any other type as text, even with a parameter.
        self.assertEqual(self.client.last_response.getheader("Content-Type"), "application/zip")

    def register(self, course):
        learner = scorm_cloud.LearnerSchema(id="learner", first_name="Ada", last_name="Lovelace")
        self.called("CreateRegistration", self.registrations.create_registration(
            scorm_cloud.CreateRegistrationSchema(
                course_id=course, learner=learner, registration_id=REGISTRATION)))
        progress = self.called(
            "GetRegistrationProgress", self.registrations.get_registration_progress(REGISTRATION))
        self.assertEqual(progress.id, REGISTRATION)
        link = self.called(
            "BuildRegistrationLaunchLink", self.registrations.build_registration_launch_link(
                REGISTRATION, scorm_cloud.LaunchLinkRequestSchema(
                    redirect_on_exit_url="https://lms.example/done", expiry=120))).launch_link
        # The upstream's own address, because the gateway does not rewrite it.
        self.assertEqual(urllib.parse.urlsplit(link).port, self.under_test.sandbox_port)
        with self.assertRaises(ApiException) as repeated:
            self.registrations.create_registration(scorm_cloud.CreateRegistrationSchema(
                course_id=course, learner=learner, registration_id=REGISTRATION))
        self.expected.append("CreateRegistration")
        self.assertEqual(repeated.exception.status, 400)
        self.assertIn("already exists", json.loads(repeated.exception.body)["message"])

    def delete(self, course):
        self.called("DeleteCourse", self.courses.delete_course(course))
        with self.assertRaises(ApiException) as gone:
            self.courses.get_course(course)
        self.expected.append("GetCourse")
        self.assertEqual(gone.exception.status, 404)

    def check_that_the_client_sent_no_secret(self):
        for _, url, headers in self.client.calls:
            self.assertNotIn("@", urllib.parse.urlsplit(url).netloc)
            self.assertIn(headers.get("Authorization"), (None, "Basic Og=="))  # `:` alone

    def check_tokens(self):
        """Only the gateway sent the secret, and one token per scope served all calls."""
        recorder = self.under_test.recorder
        self.assertTrue(recorder.tokens)
        self.assertLess(len(recorder.tokens), 10)
        credentials = base64.b64encode(f"{APP}:{SECRET}".encode()).decode()
        self.assertEqual(set(recorder.authorizations), {f"Basic {credentials}"})

    def check_traffic_log(self):
        secrets = [SECRET, *self.under_test.recorder.tokens,
                   *self.under_test.recorder.authorizations]
        self.assertEqual(self.under_test.drain(), 0)
        text = self.under_test.traffic_log.read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        self.assertEqual([line["operation"] for line in lines], self.expected)
        self.assertEqual([line["http.request.method"] for line in lines],
                         [method for method, _, _ in self.client.calls])
        for line in lines:
            self.assertEqual(line["credential"], "token", line)
            self.assertEqual(line["app"], "main", line)
        self.assertEqual(len({line["request_id"] for line in lines}), len(lines))
        for secret in secrets:
            self.assertNotIn(secret, text)
            self.assertNotIn(secret, self.under_test.output("serve"))
        self.assertNotIn("authorization", text.lower())


class Guards(unittest.TestCase):
    """Guards that an operator enables, with the unmodified client."""

    def setUp(self):
        self.under_test = GatewayUnderTest(more="policy: {confirmBulk: true}")
        self.addCleanup(self.under_test.stop)
        configuration = scorm_cloud.Configuration()
        configuration.host = f"http://127.0.0.1:{self.under_test.port}/api/v2"
        self.client = RecordingClient(configuration)
        self.courses = scorm_cloud.CourseApi(self.client)

    def mode(self, name):
        subprocess.run([self.under_test.binary, "mode", name, "--admin",
                        f"127.0.0.1:{self.under_test.admin_port}"], check=True,
                       stdout=subprocess.DEVNULL)

    def rehearsed(self):
        """What the last call would have sent, according to the gateway."""
        document = json.loads(self.client.last_response.data)
        self.assertTrue(document["dry_run"])
        self.assertNotIn("Bearer e", self.client.last_response.data)
        return document["would_send"]

    def test_in_mode_dry_run_writes_change_nothing_and_uploads_are_read_to_their_end(self):
        self.mode("dry-run")
        archive = self.under_test.directory / "course.zip"
        archive.write_bytes(os.urandom(3_000_000))
        with self.assertRaises(ValueError):  # The client wants a job's id, and there is no job.
            self.courses.create_upload_and_import_course_job("dry", file=str(archive))
        sent = self.rehearsed()
        self.assertEqual(sent["target"], "/api/v2/courses/importJobs/upload?courseId=dry")
        self.assertGreater(sent["body"]["length"], 3_000_000)
        self.assertTrue(sent["body"]["type"].startswith("multipart/form-data"))
        self.courses.delete_course("dry")
        self.assertEqual(self.rehearsed()["method"], "DELETE")
        self.assertEqual(self.courses.get_courses().courses, [])
        self.mode("normal")
        with self.assertRaises(ApiException) as refused:
            self.courses.delete_course("dry")
        self.assertEqual(refused.exception.status, 404)

    def test_a_change_to_many_records_wants_their_number(self):
        dispatches = scorm_cloud.DispatchApi(self.client)
        with self.assertRaises(ApiException) as refused:
            dispatches.delete_dispatches(course_id="none")
        self.assertEqual(refused.exception.status, 403)
        self.assertIn("X-Scorm-Confirm: 0", refused.exception.body)
        self.client.default_headers["X-Scorm-Confirm"] = "0"
        dispatches.delete_dispatches(course_id="none")
        self.assertEqual(self.client.last_response.status, 204)


if __name__ == "__main__":
    unittest.main(verbosity=2)
