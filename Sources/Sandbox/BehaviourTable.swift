/// Maps each operation, by its name in the catalogue, to the behaviour that answers it.
enum BehaviourTable {
  /// Operations that the sandbox does not answer, each with the reason.
  static let declined: [String: StaticString] = [:]

  /// How an operation is answered. An operation that is in no table is declined; a test reports it.
  static func behaviour(of operation: String) -> Behaviour {
    if let body = forApplication[operation] { return .application(body) }
    if let body = forRealm[operation] { return .realm(body) }
    return .declined(declined[operation] ?? "it is new in the catalogue")
  }

  static let forRealm: [String: Behaviour.ForRealm] = [
    "GetAppToken": TokenOperations.getAppToken,
    "CreateToken": TokenOperations.createToken,
    "GetApplications": ApplicationOperations.page,
    "GetApplicationList": ApplicationOperations.all,
    "GetApplicationInfo": ApplicationOperations.info,
    "CreateApplication": ApplicationOperations.create,
    "UpdateApplication": ApplicationOperations.update,
    "DeleteApplication": ApplicationOperations.delete,
    "GetCredentials": ApplicationOperations.credentials,
    "CreateCredential": ApplicationOperations.createCredential,
    "UpdateCredential": ApplicationOperations.updateCredential,
    "DeleteCredential": ApplicationOperations.deleteCredential,
  ]

  static let forApplication: [String: Behaviour.ForApplication] =
    [accounts, courses, registrations, destinations, dispatches, invitations]
    .reduce(into: [:]) { all, part in all.merge(part) { first, _ in first } }

  private static let accounts: [String: Behaviour.ForApplication] = [
    "PingAppId": AccountOperations.ping,
    "GetAbout": AccountOperations.about,
    "GetAccountInfo": AccountOperations.accountInfo,
    "GetReportageAuthToken": AccountOperations.reportageAuth,
    "GetReportageLink": AccountOperations.reportageLink,
    "GetXapiCredentials": XapiOperations.list,
    "CreateXapiCredential": XapiOperations.create,
    "GetXapiCredential": XapiOperations.get,
    "SetXapiCredential": XapiOperations.set,
    "DeleteXapiCredential": XapiOperations.delete,
    "GetStatementPipes": XapiOperations.pipes,
    "CreateStatementPipe": XapiOperations.createPipe,
    "GetStatementPipe": XapiOperations.getPipe,
    "SetStatementPipe": XapiOperations.setPipe,
    "DeleteStatementPipe": XapiOperations.deletePipe,
    "GetConnectorsList": ConnectorOperations.list,
    "CreateConnector": ConnectorOperations.create,
    "UpdateConnector": ConnectorOperations.update,
    "DeleteConnector": ConnectorOperations.delete,
    "GetApplicationConfiguration": ConfigurationOperations.get(.application),
    "SetApplicationConfiguration": ConfigurationOperations.set(.application),
    "DeleteApplicationConfigurationSetting": ConfigurationOperations.delete(.application),
  ]

  private static let courses: [String: Behaviour.ForApplication] = [
    "GetCourses": CourseOperations.list,
    "GetCourse": CourseOperations.get,
    "DeleteCourse": CourseOperations.delete,
    "SetCourseTitle": CourseOperations.setTitle,
    "GetCourseVersions": CourseOperations.versions,
    "GetCourseVersionInfo": CourseOperations.get,
    "DeleteCourseVersion": CourseOperations.deleteVersion,
    "GetCourseZip": CourseOperations.zip,
    "GetVersionedCourseZip": CourseOperations.zip,
    "BuildCoursePreviewLaunchLink": CourseOperations.preview,
    "BuildCoursePreviewLaunchLinkWithVersion": CourseOperations.preview,
    "GetCourseStatements": CourseOperations.statements,
    "GetCourseVersionStatements": CourseOperations.statements,
    "GetCourseTags": TagOperations.get(.course),
    "PutCourseTags": TagOperations.put(.course),
    "DeleteCourseTags": TagOperations.delete(.course),
    "PutCourseTagsBatch": TagOperations.putBatch(.course),
    "GetCourseConfiguration": ConfigurationOperations.get(.course(hasPart: false)),
    "SetCourseConfiguration": ConfigurationOperations.set(.course(hasPart: false)),
    "DeleteCourseConfigurationSetting": ConfigurationOperations.delete(.course(hasPart: false)),
    "GetCourseVersionConfiguration": ConfigurationOperations.get(.course(hasPart: true)),
    "SetCourseVersionConfiguration": ConfigurationOperations.set(.course(hasPart: true)),
    "DeleteCourseVersionConfigurationSetting":
      ConfigurationOperations.delete(.course(hasPart: true)),
    "CreateUploadAndImportCourseJob": ImportJobOperations.upload,
    "CreateFetchAndImportCourseJob": ImportJobOperations.fetch,
    "CreateNoUploadAndImportCourseJob": ImportJobOperations.withoutUpload,
    "GetImportJobStatus": ImportJobOperations.status,
    "GetCourseFileList": AssetOperations.list,
    "GetCourseVersionFileList": AssetOperations.list,
    "GetCourseAsset": AssetOperations.get,
    "GetCourseVersionAsset": AssetOperations.get,
    "DeleteCourseAsset": AssetOperations.delete,
    "DeleteCourseVersionAsset": AssetOperations.delete,
    "ImportCourseAssetFile": AssetOperations.fetch,
    "ImportCourseVersionAssetFile": AssetOperations.fetch,
    "UploadCourseAssetFile": AssetOperations.upload,
    "UploadCourseVersionAssetFile": AssetOperations.upload,
  ]

  private static let registrations: [String: Behaviour.ForApplication] = [
    "GetRegistrations": RegistrationOperations.list,
    "CreateRegistration": RegistrationOperations.create,
    "GetRegistration": RegistrationOperations.exists,
    "GetRegistrationProgress": RegistrationOperations.progress,
    "DeleteRegistration": RegistrationOperations.delete,
    "DeleteRegistrationProgress": RegistrationOperations.resetProgress,
    "DeleteRegistrationGlobalData": RegistrationOperations.resetGlobalData,
    "BuildRegistrationLaunchLink": RegistrationOperations.launchLink,
    "GetRegistrationLaunchHistory": RegistrationOperations.launchHistory,
    "GetRegistrationStatements": RegistrationOperations.statements,
    "TestRegistrationPostback": PostbackOperations.test,
    "CreateNewRegistrationInstance": RegistrationOperations.createInstance,
    "GetRegistrationInstances": RegistrationOperations.instances,
    "GetRegistrationInstanceProgress": RegistrationOperations.progress,
    "DeleteRegistrationInstance": RegistrationOperations.deleteInstance,
    "GetRegistrationInstanceLaunchHistory": RegistrationOperations.launchHistory,
    "GetRegistrationInstanceStatements": RegistrationOperations.statements,
    "GetRegistrationTags": TagOperations.get(.registration),
    "PutRegistrationTags": TagOperations.put(.registration),
    "DeleteRegistrationTags": TagOperations.delete(.registration),
    "PutRegistrationTagsBatch": TagOperations.putBatch(.registration),
    "GetRegistrationConfiguration": ConfigurationOperations.get(.registration(hasPart: false)),
    "SetRegistrationConfiguration": ConfigurationOperations.set(.registration(hasPart: false)),
    "DeleteRegistrationConfigurationSetting":
      ConfigurationOperations.delete(.registration(hasPart: false)),
    "GetRegistrationInstanceConfiguration":
      ConfigurationOperations.get(.registration(hasPart: true)),
    "SetRegistrationInstanceConfiguration":
      ConfigurationOperations.set(.registration(hasPart: true)),
    "DeleteRegistrationInstanceConfigurationSetting":
      ConfigurationOperations.delete(.registration(hasPart: true)),
    "UpdateLearnerInfo": LearnerOperations.update,
    "DeleteAllLearnerData": LearnerOperations.deleteAll,
    "GetLearnerTags": TagOperations.get(.learner),
    "PutLearnerTags": TagOperations.put(.learner),
    "DeleteLearnerTags": TagOperations.delete(.learner),
    "PutLearnerTagsBatch": TagOperations.putBatch(.learner),
  ]

  private static let destinations: [String: Behaviour.ForApplication] = [
    "GetDestinations": DestinationOperations.list,
    "CreateDestinations": DestinationOperations.create,
    "GetDestination": DestinationOperations.get,
    "SetDestination": DestinationOperations.set,
    "DeleteDestination": DestinationOperations.delete,
    "GetDestinationDispatches": DispatchOperations.list,
    "DeleteDestinationDispatches": DestinationOperations.deleteDispatches,
    "SetDestinationDispatchEnabled": DestinationOperations.setAll("enabled"),
    "EnableRegistrationInstancing": DestinationOperations.setAll("instanced"),
    "GetDestinationHashUserInfo": DestinationOperations.hashesUserInfo,
    "UpdateDestinationHashUserInfo": DestinationOperations.setHashesUserInfo,
    "GetDestinationDispatchRegistrationCount": DestinationOperations.registrationCount,
    "ResetDestinationDispatchRegistrationCount": DestinationOperations.resetCount,
    "GetDestinationDispatchZip": DestinationOperations.zip,
    "GetLti13ToolConfigurationSchema": DestinationOperations.lti13,
    "GetDestinationTags": TagOperations.get(.destination),
    "PutDestinationTags": TagOperations.put(.destination),
    "DeleteDestinationTags": TagOperations.delete(.destination),
    "PutDestinationTagsBatch": TagOperations.putBatch(.destination),
  ]

  private static let dispatches: [String: Behaviour.ForApplication] = [
    "GetDispatches": DispatchOperations.list,
    "CreateDispatches": DispatchOperations.create,
    "UpdateDispatches": DispatchOperations.updateAll,
    "DeleteDispatches": DispatchOperations.deleteAll,
    "GetDispatch": DispatchOperations.get,
    "UpdateDispatch": DispatchOperations.update,
    "DeleteDispatch": DispatchOperations.delete,
    "GetDispatchEnabled": DispatchOperations.flag("enabled"),
    "SetDispatchEnabled": DispatchOperations.setFlag("enabled"),
    "GetDispatchHashUserInfo": DispatchOperations.flag("hashUserInfo"),
    "UpdateDispatchHashUserInfo": DispatchOperations.setFlag("hashUserInfo"),
    "GetDispatchRegistrationCount": DispatchOperations.registrationCount,
    "ResetDispatchRegistrationCount": DispatchOperations.resetCount,
    "DeleteDispatchPostbackInfo": DispatchOperations.deletePostback,
    "GetDispatchZip": DispatchOperations.zip,
    "GetLtiDispatch": DispatchOperations.lti,
    "GetLti13Dispatch": DispatchOperations.lti13,
    "GetLti13DispatchLaunch": DispatchOperations.lti13Launch,
    "GetDispatchTags": TagOperations.get(.dispatch),
    "PutDispatchTags": TagOperations.put(.dispatch),
    "DeleteDispatchTags": TagOperations.delete(.dispatch),
    "PutDispatchTagsBatch": TagOperations.putBatch(.dispatch),
  ]

  private static let invitations: [String: Behaviour.ForApplication] = [
    "GetAllInvitations": InvitationOperations.all,
    "CreatePublicInvitation": InvitationOperations.createPublic,
    "CreatePrivateInvitation": InvitationOperations.createPrivate,
    "GetPublicInvitations": InvitationOperations.list(isPublic: true),
    "GetPrivateInvitations": InvitationOperations.list(isPublic: false),
    "GetPublicInvitation": InvitationOperations.get(isPublic: true),
    "GetPrivateInvitation": InvitationOperations.get(isPublic: false),
    "UpdatePublicInvitation": InvitationOperations.update(isPublic: true),
    "UpdatePrivateInvitation": InvitationOperations.update(isPublic: false),
    "GetPublicUserInvitations": InvitationOperations.users(isPublic: true),
    "GetPrivateUserInvitations": InvitationOperations.users(isPublic: false),
    "GetPrivateInvitationJobStatus": InvitationOperations.jobStatus,
    "GetInvitationTags": TagOperations.get(.invitation),
    "PutInvitationTags": TagOperations.put(.invitation),
    "DeleteInvitationTags": TagOperations.delete(.invitation),
    "PutInvitationTagsBatch": TagOperations.putBatch(.invitation),
  ]
}
