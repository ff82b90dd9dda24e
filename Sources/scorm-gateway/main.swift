print("scorm-gateway")
