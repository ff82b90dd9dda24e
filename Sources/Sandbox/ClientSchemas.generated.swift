// swift-format-ignore-file
// Written by scripts/client-schemas/generate from the official Python client. Change that, not this file.

/// What the official client knows of bodies and operations; ``SchemaTable`` reads it.
enum ClientSchemas {
  static let schemas = """
    AboutSchema version:s distribution:s
    ActivityResultSchema id:s title:s attempts:i \
    activityCompletion:s=UNKNOWN|COMPLETED|INCOMPLETE activitySuccess:s=UNKNOWN|PASSED|FAILED \
    score:ScoreSchema timeTracked:s completionAmount:CompletionAmountSchema suspended:b \
    children:[ActivityResultSchema] objectives:[ObjectiveSchema] \
    staticProperties:StaticPropertiesSchema runtime:RuntimeSchema
    ApplicationInfoListSchema applications:[ApplicationInfoSchema] more:s
    ApplicationInfoSchema id:s name:s createDate:d updateDate:d allowDelete:b courseCount:i \
    registrationCount:i
    ApplicationListSchema applications:[ApplicationSchema]
    ApplicationRequestSchema name:s
    ApplicationSchema id:s name:s
    ApplicationToken access_token:s expires_in:i token_type:s
    AssetFileSchema filename:s destination:s
    BatchTagsSchema ids:[s]! tags:[s]!
    CommentSchema value:s location:s dateTime:s
    CompletionAmountSchema scaled:f
    ConnectorListSchema connectorEntries:[ConnectorSchema]
    ConnectorSchema connectorId:s contentConnectorType:s configuration:o \
    additionalInstanceInformation:o enabled:b
    CourseActivitySchema externalIdentifier:s itemIdentifier:s resourceIdentifier:s \
    activityType:s=UNKNOWN|AGGREGATION|SCO|ASSET|OBJECTIVE href:s scaledPassingScore:s title:s \
    children:[CourseActivitySchema]
    CourseListNonPagedSchema courses:[CourseSchema]
    CourseListSchema courses:[CourseSchema] more:s
    CourseReferenceSchema id:s title:s version:i
    CourseSchema id:s title:s xapiActivityId:s created:d updated:d version:i registrationCount:i \
    activityId:s \
    courseLearningStandard:s=UNKNOWN|SCORM11|SCORM12|SCORM20042NDEDITION|SCORM20043RDEDITION|SCORM20044THEDITION|AICC|XAPI|CMI5|LTI13 \
    tags:[s] dispatched:b metadata:MetadataSchema rootActivity:CourseActivitySchema
    CreateConnectorSchema contentConnectorType:s! configuration:o! enabled:b
    CreateDispatchIdSchema id:s! data:CreateDispatchSchema!
    CreateDispatchListSchema dispatches:[CreateDispatchIdSchema]
    CreateDispatchSchema destinationId:s! courseId:s! allowNewRegistrations:b instanced:b \
    registrationCap:i expirationDate:d enabled:b tags:[s] email:s notes:s \
    postBack:PostBackSchema
    CreatePrivateInvitationSchema courseId:s! creatingUserEmail:s! \
    invitationEmail:InvitationEmailSchema! postBack:PostBackSchema expirationDate:d tags:[s] \
    duplicateRegistrationOption:s=FAIL|INSTANCE_EXISTING|SEND_EXISTING|CREATE_NEW
    CreatePublicInvitationSchema courseId:s! creatingUserEmail:s! registrationCap:i \
    postBack:PostBackSchema expirationDate:d tags:[s]
    CreateRegistrationSchema courseId:s! learner:LearnerSchema! registrationId:s! \
    xapiRegistrationId:s learnerTags:[s] courseTags:[s] registrationTags:[s] \
    postBack:PostBackSchema initialRegistrationState:RegistrationSchema \
    initialSettings:SettingsPostSchema
    CredentialListSchema credentials:[CredentialSchema]
    CredentialRequestSchema name:s active:b
    CredentialSchema id:s name:s credential:s pensCredential:s status:s created:d updated:d
    DestinationIdSchema id:s data:DestinationSchema
    DestinationInfoIdSchema id:s data:DestinationInfoSchema
    DestinationInfoListSchema destinations:[DestinationInfoIdSchema] more:s
    DestinationInfoSchema name:s dispatchCount:i updated:d created:d tags:[s] email:s notes:s \
    launchAuth:LaunchAuthSchema lti13Data:Lti13PlatformConfigurationSchema
    DestinationListSchema destinations:[DestinationIdSchema]
    DestinationSchema name:s updated:d created:d tags:[s] email:s notes:s \
    launchAuth:LaunchAuthSchema lti13Data:Lti13PlatformConfigurationSchema
    DispatchIdSchema id:s data:DispatchSchema
    DispatchListSchema dispatches:[DispatchIdSchema] more:s
    DispatchLti13InfoSchema targetLinkUri:s
    DispatchLtiInfoSchema url:s! consumerKey:s! sharedSecret:s!
    DispatchRegistrationCountSchema registrationCount:i lastResetDate:d
    DispatchSchema destinationId:s destinationName:s courseId:s courseTitle:s updated:d \
    created:d allowNewRegistrations:b enabled:b instanced:b registrationCap:i \
    registrationCount:i registrationResetDate:d expirationDate:d tags:[s] email:s notes:s
    EnabledSchema enabled:b
    FileListItemSchema path:s size:i modified:d
    FileListSchema files:[FileListItemSchema]
    ImportAssetRequestSchema fetchUrl:s! destination:s!
    ImportConnectorRequestSchema connectorId:s connectorIdForContent:s metadataForConnector:o
    ImportFetchRequestSchema url:s! contentType:s mediaFileMetadata:MediaFileMetadataSchema
    ImportJobResultSchema jobId:s status:s=RUNNING|COMPLETE|ERROR message:s \
    importResult:ImportResultSchema
    ImportMediaFileReferenceRequestSchema url:s! contentType:s! \
    mediaFileMetadata:MediaFileMetadataSchema
    ImportRequestSchema fetchRequest:ImportFetchRequestSchema \
    mediaFileReferenceRequest:ImportMediaFileReferenceRequestSchema \
    connectorReferenceRequest:ImportConnectorRequestSchema
    ImportResultSchema webPathToCourse:s parserWarnings:[s] courseLanguages:[s] \
    course:CourseSchema
    IntegerResultSchema result:i!
    InvitationEmailSchema subject:s body:s addresses:[s]!
    InvitationEmailUpdateSchema subject:s body:s
    InvitationJobStatusSchema status:s=STARTED|CANCELLED|COMPLETE|ERROR errors:[s] total:i \
    processed:i
    InvitationSummaryList more:s invitations:[InvitationSummarySchema]
    InvitationSummarySchema id:s courseId:s isPublic:b createDate:d updated:d
    ItemValuePairSchema item:s value:s
    LaunchAuthOptionsSchema ipAddress:b fingerprint:b expiry:i slidingExpiry:i
    LaunchAuthSchema type:s=cookies|vault options:LaunchAuthOptionsSchema
    LaunchHistoryListSchema launchHistory:[LaunchHistorySchema]
    LaunchHistorySchema id:s instance:i score:ScoreSchema \
    completionStatus:s=UNKNOWN|COMPLETED|INCOMPLETE successStatus:s=UNKNOWN|PASSED|FAILED \
    historyLog:s totalSecondsTracked:f launchTime:d exitTime:d lastRuntimeUpdate:d \
    launchHistoryId:s
    LaunchLinkRequestSchema expiry:i redirectOnExitUrl:s! tracking:b startSco:s culture:s \
    cssUrl:s learnerTags:[s] courseTags:[s] registrationTags:[s] \
    additionalvalues:[ItemValuePairSchema] launchAuth:LaunchAuthSchema
    LaunchLinkSchema launchLink:s!
    LearnerPreferenceSchema audioLevel:f language:s deliverySpeed:f audioCaptioning:i
    LearnerSchema id:s! email:s firstName:s lastName:s
    Lti13PlatformConfigurationSchema clientId:s! platformIssuerIdentifier:s! deploymentId:s! \
    oidcAuthorizationEndpoint:s! jsonWebKeySetUrl:s! accessTokenUrl:s
    Lti13ToolConfigurationSchema publicKey:s! oidcLoginInitiationsUrl:s! redirectUri:s! \
    jsonWebKeySetUrl:s!
    MediaFileMetadataSchema title:s description:s contentLanguage:s estimatedDuration:i
    MessageSchema message:s!
    MetadataSchema title:s titleLanguage:s description:s descriptionLanguage:s duration:s \
    typicalTime:s keywords:[s]
    ObjectiveSchema id:s primary:b score:ScoreSchema scoreMax:f scoreMin:f scoreRaw:f \
    previousScoreScaled:f firstScoreScaled:f progressMeasure:f firstSuccessTimeStamp:s \
    objectiveCompletion:s=UNKNOWN|COMPLETED|INCOMPLETE objectiveSuccess:s=UNKNOWN|PASSED|FAILED \
    previousObjectiveSuccess:s=UNKNOWN|PASSED|FAILED
    PaginatedList more:s
    PermissionsSchema scopes:[s] applicationName:s
    PingSchema apiMessage:s currentTime:s
    PostBackSchema url:s authType:s=UNDEFINED|FORM|HTTPBASIC userName:s password:s \
    resultsFormat:s=UNDEFINED|COURSE|ACTIVITY|FULL legacy:b
    PreviewLaunchLinkRequestSchema expiry:i redirectOnExitUrl:s startSco:s culture:s cssUrl:s \
    additionalvalues:[ItemValuePairSchema]
    PrivateInvitationList more:s invitations:[PrivateInvitationSchema]
    PrivateInvitationSchema id:s courseId:s courseTitle:s allowLaunch:b \
    invitationEmail:InvitationEmailSchema createDate:d updated:d postBack:PostBackSchema \
    expirationDate:d registrationCount:i launchedRegistrationCount:i
    PrivateInvitationUpdateSchema allowLaunch:b invitationEmail:InvitationEmailUpdateSchema \
    postBack:PostBackSchema expirationDate:d
    PublicInvitationList more:s invitations:[PublicInvitationSchema]
    PublicInvitationSchema id:s courseId:s courseTitle:s allowLaunch:b allowNewRegistrations:b \
    url:s createDate:d updated:d postBack:PostBackSchema expirationDate:d registrationCap:i \
    registrationCount:i
    PublicInvitationUpdateSchema allowLaunch:b allowNewRegistrations:b postBack:PostBackSchema \
    expirationDate:d registrationCap:i
    RegistrationCompletion =UNKNOWN|COMPLETED|INCOMPLETE
    RegistrationListSchema registrations:[RegistrationSchema]! more:s
    RegistrationSchema id:s instance:i xapiRegistrationId:s dispatchId:s updated:d \
    registrationCompletion:RegistrationCompletion registrationCompletionAmount:f \
    registrationSuccess:RegistrationSuccess score:ScoreSchema totalSecondsTracked:f \
    firstAccessDate:d lastAccessDate:d completedDate:d createdDate:d \
    course:CourseReferenceSchema learner:LearnerSchema tags:[s] \
    globalObjectives:[ObjectiveSchema] sharedData:[SharedDataEntrySchema] suspendedActivityId:s \
    activityDetails:ActivityResultSchema
    RegistrationSuccess =UNKNOWN|PASSED|FAILED
    ReportageAccountInfoSchema email:s firstName:s lastName:s company:s accountType:s regLimit:i \
    strictLimit:b createDate:d usage:ReportageAccountInfoUsageSchema
    ReportageAccountInfoUsageSchema monthStart:d regCount:i totalRegistrations:i totalCourses:i
    ReportageAuthTokenSchema authEnabled:b queryString:s
    ReportageLinkSchema reportageLink:s
    ResponseError message:s!
    RuntimeInteractionSchema id:s \
    type:s=TrueFalse|Choice|FillIn|LongFillIn|Likert|Matching|Performance|Sequencing|Numeric|Other \
    objectives:[s] timestamp:s timestampUtc:s correctResponses:[s] weighting:s learnerResponse:s \
    result:s latency:s description:s
    RuntimeObjectiveSchema id:s scoreScaled:s scoreMin:s scoreMax:s scoreRaw:s \
    runtimeObjectiveSuccessStatus:s=UNKNOWN|PASSED|FAILED \
    runtimeObjectiveCompletionStatus:s=UNKNOWN|COMPLETED|INCOMPLETE|NOT_ATTEMPTED|BROWSED \
    progressMeasure:s description:s
    RuntimeSchema completionStatus:s credit:s entry:s exit:s \
    learnerPreference:LearnerPreferenceSchema location:s mode:s progressMeasure:s scoreScaled:s \
    scoreRaw:s scoreMin:s scoreMax:s totalTime:s timeTracked:s \
    runtimeSuccessStatus:s=UNKNOWN|PASSED|FAILED suspendData:s learnerComments:[CommentSchema] \
    lmsComments:[CommentSchema] runtimeInteractions:[RuntimeInteractionSchema] \
    runtimeObjectives:[RuntimeObjectiveSchema]
    ScoreSchema scaled:f
    SettingItem id:s effectiveValue:s \
    effectiveValueSource:s=default|application|learningStandardForApplication|dispatchDestination|course|dispatch|registration \
    explicitValue:s metadata:SettingMetadata
    SettingListSchema settingItems:[SettingItem]!
    SettingMetadata default:s dataType:s settingDescription:s level:s learningStandards:[s] \
    learningStandardVariant:s=singleScoOnly|multiScoOnly|either fallback:s \
    validValues:[SettingValidValue]
    SettingValidValue value:s valueDescription:s
    SettingsIndividualSchema settingId:s value:s explicit:b
    SettingsPostSchema settings:[SettingsIndividualSchema]
    SharedDataEntrySchema id:s value:s
    StaticPropertiesSchema completionThreshold:s launchData:s maxTimeAllowed:s \
    scaledPassingScore:f scaledPassingScoreUsed:b timeLimitAction:s
    StringResultSchema result:s!
    TagListSchema tags:[s]
    TitleSchema title:s
    TokenRequestSchema permissions:PermissionsSchema! expiry:d!
    UpdateApplicationSchema name:s allowDelete:b
    UpdateConnectorSchema configuration:o enabled:b
    UpdateDispatchSchema allowNewRegistrations:b instanced:b registrationCap:i \
    registrationCount:i expirationDate:d enabled:b email:s notes:s postBack:PostBackSchema
    UserInvitationList more:s userInvitations:[UserInvitationSchema]
    UserInvitationSchema email:s url:s isStarted:b updated:d registrationId:s \
    registrationReport:UserInvitationSchemaRegistrationReport
    UserInvitationSchemaRegistrationReport complete:RegistrationCompletion \
    success:RegistrationSuccess totalSecondsTracked:f score:ScoreSchema
    XapiAccount homePage:s! name:s!
    XapiActivity objectType:s id:s! definition:XapiActivityDefinition
    XapiActivityDefinition name:o description:o type:s moreInfo:s interactionType:s \
    correctResponsesPattern:[s] choices:[XapiInteractionComponent] \
    scale:[XapiInteractionComponent] source:[XapiInteractionComponent] \
    target:[XapiInteractionComponent] steps:[XapiInteractionComponent] extensions:o
    XapiAgentGroup objectType:s!=Agent|Group name:s mbox:s mbox_sha1sum:s openid:s \
    account:XapiAccount member:[XapiAgentGroup]
    XapiAttachment usageType:s! display:o! description:o contentType:s! length:i! sha2:s! \
    fileUrl:s
    XapiContext registration:s instructor:XapiAgentGroup team:XapiAgentGroup \
    contextActivities:XapiContextActivity revision:s platform:s language:s \
    statement:XapiStatementReference extensions:o
    XapiContextActivity parent:[XapiActivity] grouping:[XapiActivity] category:[XapiActivity] \
    other:[XapiActivity]
    XapiCredentialAuthTypeSchema xapiCredentialAuthType:s=BASICAUTH|OAUTH
    XapiCredentialPermissionsLevelSchema \
    xapiCredentialPermissionsLevel:s=DEFAULT|USER|ROOT|READONLY|WRITEONLY
    XapiCredentialPostSchema name:s! info:s secret:s! isEnabled:b! \
    auth:XapiCredentialAuthTypeSchema! permissionsLevel:XapiCredentialPermissionsLevelSchema!
    XapiCredentialPutSchema id:s name:s info:s secret:s isEnabled:b \
    auth:XapiCredentialAuthTypeSchema permissionsLevel:XapiCredentialPermissionsLevelSchema
    XapiCredentialSchema id:s name:s! info:s secret:s! isEnabled:b! \
    auth:XapiCredentialAuthTypeSchema! permissionsLevel:XapiCredentialPermissionsLevelSchema!
    XapiCredentialsListSchema xapiCredentials:[XapiCredentialSchema]! more:s
    XapiEndpointSchema url:s userName:s password:s
    XapiInteractionComponent id:s! description:o
    XapiResult score:XapiScore success:b completion:b response:s duration:s extensions:o
    XapiScore scaled:f raw:f min:f max:f
    XapiStatement id:s actor:XapiAgentGroup verb:XapiVerb objectActivity:XapiActivity \
    objectAgentGroup:XapiAgentGroup objectStatementReference:XapiStatementReference \
    objectSubStatement:XapiStatement result:XapiResult context:XapiContext timestamp:d stored:d \
    authority:XapiAgentGroup attachments:[XapiAttachment]
    XapiStatementPipeListSchema xapiStatementPipes:[XapiStatementPipeSchema]!
    XapiStatementPipePostSchema source:XapiEndpointSchema target:XapiEndpointSchema!
    XapiStatementPipePutSchema source:XapiEndpointSchema target:XapiEndpointSchema
    XapiStatementPipeSchema id:s lastForwardedStatementDate:s moreUrl:s attempts:i \
    visibleAfter:s source:XapiEndpointSchema target:XapiEndpointSchema
    XapiStatementReference objectType:s! id:s!
    XapiStatementResult statements:[XapiStatement]! more:s
    XapiVerb id:s! display:o
    """

  static let operations = """
    BuildCoursePreviewLaunchLink >PreviewLaunchLinkRequestSchema <LaunchLinkSchema
    BuildCoursePreviewLaunchLinkWithVersion >PreviewLaunchLinkRequestSchema <LaunchLinkSchema
    BuildRegistrationLaunchLink >LaunchLinkRequestSchema <LaunchLinkSchema
    CreateApplication >ApplicationRequestSchema <ApplicationSchema
    CreateConnector >CreateConnectorSchema <StringResultSchema
    CreateCredential >CredentialRequestSchema <CredentialSchema
    CreateDestinations >DestinationListSchema
    CreateDispatches >CreateDispatchListSchema
    CreateFetchAndImportCourseJob ?courseId:s! ?mayCreateNewVersion:b ?postbackUrl:s ?tags:[s] \
    >ImportFetchRequestSchema <StringResultSchema
    CreateNewRegistrationInstance
    CreateNoUploadAndImportCourseJob ?courseId:s! ?mayCreateNewVersion:b ?postbackUrl:s \
    ?tags:[s] >ImportRequestSchema <StringResultSchema
    CreatePrivateInvitation >CreatePrivateInvitationSchema <InvitationSummarySchema
    CreatePublicInvitation >CreatePublicInvitationSchema <PublicInvitationSchema
    CreateRegistration ?courseVersion:i >CreateRegistrationSchema
    CreateStatementPipe >XapiStatementPipePostSchema <StringResultSchema
    CreateToken >TokenRequestSchema <StringResultSchema
    CreateUploadAndImportCourseJob ?courseId:s! ?mayCreateNewVersion:b ?postbackUrl:s ?tags:[s] \
    +contentMetadata:s +file:F <StringResultSchema
    CreateXapiCredential >XapiCredentialPostSchema <StringResultSchema
    DeleteAllLearnerData ?userEmail:s!
    DeleteApplication
    DeleteApplicationConfigurationSetting ?learningStandard:s ?singleSco:b
    DeleteConnector
    DeleteCourse
    DeleteCourseAsset ?relativePath:s!
    DeleteCourseConfigurationSetting
    DeleteCourseTags >TagListSchema
    DeleteCourseVersion
    DeleteCourseVersionAsset ?relativePath:s!
    DeleteCourseVersionConfigurationSetting
    DeleteCredential
    DeleteDestination
    DeleteDestinationDispatches
    DeleteDestinationTags >TagListSchema
    DeleteDispatch
    DeleteDispatchPostbackInfo
    DeleteDispatchTags >TagListSchema
    DeleteDispatches ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s
    DeleteInvitationTags >TagListSchema
    DeleteLearnerTags >TagListSchema
    DeleteRegistration
    DeleteRegistrationConfigurationSetting
    DeleteRegistrationGlobalData
    DeleteRegistrationInstance
    DeleteRegistrationInstanceConfigurationSetting
    DeleteRegistrationProgress
    DeleteRegistrationTags >TagListSchema
    DeleteStatementPipe
    DeleteXapiCredential
    EnableRegistrationInstancing >EnabledSchema
    GetAbout <AboutSchema
    GetAccountInfo <ReportageAccountInfoSchema
    GetAllInvitations ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s ?orderBy:s ?more:s ?includeTotalCount:b <InvitationSummaryList
    GetAppToken +scope:s! +expiration:i <ApplicationToken
    GetApplicationConfiguration ?learningStandard:s ?singleSco:b ?includeMetadata:b \
    <SettingListSchema
    GetApplicationInfo ?includeCourseCount:b ?includeRegistrationCount:b <ApplicationInfoSchema
    GetApplicationList <ApplicationListSchema
    GetApplications ?since:d ?until:d ?datetimeFilter:s ?filter:s ?filterBy:s ?orderBy:s ?more:s \
    ?includeCourseCount:b ?includeRegistrationCount:b ?includeTotalCount:b \
    <ApplicationInfoListSchema
    GetConnectorsList ?includeAdditionalInstanceInformation:b <ConnectorListSchema
    GetCourse ?includeRegistrationCount:b ?includeCourseMetadata:b <CourseSchema
    GetCourseAsset ?relativePath:s! <F
    GetCourseConfiguration ?includeMetadata:b <SettingListSchema
    GetCourseFileList <FileListSchema
    GetCourseStatements ?learnerId:s ?since:d ?until:d ?more:s <XapiStatementResult
    GetCourseTags <TagListSchema
    GetCourseVersionAsset ?relativePath:s! <F
    GetCourseVersionConfiguration ?includeMetadata:b <SettingListSchema
    GetCourseVersionFileList <FileListSchema
    GetCourseVersionInfo ?includeRegistrationCount:b ?includeCourseMetadata:b <CourseSchema
    GetCourseVersionStatements ?learnerId:s ?since:d ?until:d ?more:s <XapiStatementResult
    GetCourseVersions ?since:d ?until:d ?includeRegistrationCount:b ?includeCourseMetadata:b \
    <CourseListNonPagedSchema
    GetCourseZip <F
    GetCourses ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s ?filterBy:s ?orderBy:s \
    ?more:s ?includeCourseMetadata:b ?includeRegistrationCount:b ?includeTotalCount:b \
    <CourseListSchema
    GetCredentials <CredentialListSchema
    GetDestination ?includeDispatchCount:b <DestinationInfoSchema
    GetDestinationDispatchRegistrationCount <IntegerResultSchema
    GetDestinationDispatchZip ?type:s ?cssUrl:s ?tags:[s] <F
    GetDestinationDispatches ?courseId:s ?isEnabled:b ?since:d ?until:d ?datetimeFilter:s \
    ?tags:[s] ?filter:s ?filterBy:s ?orderBy:s ?more:s ?includeTotalCount:b <DispatchListSchema
    GetDestinationHashUserInfo <EnabledSchema
    GetDestinationTags <TagListSchema
    GetDestinations ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s ?orderBy:s ?more:s ?includeDispatchCount:b ?includeTotalCount:b \
    <DestinationInfoListSchema
    GetDispatch <DispatchSchema
    GetDispatchEnabled <EnabledSchema
    GetDispatchHashUserInfo <EnabledSchema
    GetDispatchRegistrationCount <DispatchRegistrationCountSchema
    GetDispatchTags <TagListSchema
    GetDispatchZip ?type:s ?cssUrl:s <F
    GetDispatches ?courseId:s ?isEnabled:b ?since:d ?until:d ?datetimeFilter:s ?tags:[s] \
    ?filter:s ?filterBy:s ?orderBy:s ?more:s ?includeTotalCount:b <DispatchListSchema
    GetImportJobStatus <ImportJobResultSchema
    GetInvitationTags <TagListSchema
    GetLearnerTags <TagListSchema
    GetLti13Dispatch <DispatchLti13InfoSchema
    GetLti13DispatchLaunch ?externalConfig:s! ?jwt:s!
    GetLti13ToolConfigurationSchema <Lti13ToolConfigurationSchema
    GetLtiDispatch <DispatchLtiInfoSchema
    GetPrivateInvitation ?includeRegistrationCount:b <PrivateInvitationSchema
    GetPrivateInvitationJobStatus <InvitationJobStatusSchema
    GetPrivateInvitations ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s ?orderBy:s ?more:s ?includeRegistrationCount:b ?includeTotalCount:b \
    <PrivateInvitationList
    GetPrivateUserInvitations ?since:d ?until:d ?datetimeFilter:s ?filter:s ?filterBy:s \
    ?orderBy:s ?more:s ?includeRegistrationReport:b ?includeTotalCount:b <UserInvitationList
    GetPublicInvitation ?includeRegistrationCount:b <PublicInvitationSchema
    GetPublicInvitations ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s ?orderBy:s ?more:s ?includeRegistrationCount:b ?includeTotalCount:b \
    <PublicInvitationList
    GetPublicUserInvitations ?since:d ?until:d ?datetimeFilter:s ?filter:s ?filterBy:s \
    ?orderBy:s ?more:s ?includeRegistrationReport:b ?includeTotalCount:b <UserInvitationList
    GetRegistration
    GetRegistrationConfiguration ?includeMetadata:b <SettingListSchema
    GetRegistrationInstanceConfiguration ?includeMetadata:b <SettingListSchema
    GetRegistrationInstanceLaunchHistory ?includeHistoryLog:b <LaunchHistoryListSchema
    GetRegistrationInstanceProgress ?includeChildResults:b ?includeInteractionsAndObjectives:b \
    ?includeRuntime:b <RegistrationSchema
    GetRegistrationInstanceStatements ?since:d ?until:d ?more:s <XapiStatementResult
    GetRegistrationInstances ?until:d ?since:d ?more:s ?includeChildResults:b \
    ?includeInteractionsAndObjectives:b ?includeRuntime:b <RegistrationListSchema
    GetRegistrationLaunchHistory ?includeHistoryLog:b <LaunchHistoryListSchema
    GetRegistrationProgress ?includeChildResults:b ?includeInteractionsAndObjectives:b \
    ?includeRuntime:b <RegistrationSchema
    GetRegistrationStatements ?since:d ?until:d ?more:s <XapiStatementResult
    GetRegistrationTags <TagListSchema
    GetRegistrations ?courseId:s ?learnerId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] \
    ?filter:s ?filterBy:s ?orderBy:s ?more:s ?includeChildResults:b \
    ?includeInteractionsAndObjectives:b ?includeRuntime:b ?includeTotalCount:b \
    <RegistrationListSchema
    GetReportageAuthToken ?navPermission:s! ?admin:b <ReportageAuthTokenSchema
    GetReportageLink ?auth:s! ?reportUrl:s! <ReportageLinkSchema
    GetStatementPipe <XapiStatementPipeSchema
    GetStatementPipes <XapiStatementPipeListSchema
    GetVersionedCourseZip <F
    GetXapiCredential <XapiCredentialSchema
    GetXapiCredentials ?since:d ?until:d ?datetimeFilter:s ?filter:s ?filterBy:s ?orderBy:s \
    ?more:s ?includeTotalCount:b <XapiCredentialsListSchema
    ImportCourseAssetFile ?updateAssetPolicy:s >ImportAssetRequestSchema <AssetFileSchema
    ImportCourseVersionAssetFile ?updateAssetPolicy:s >ImportAssetRequestSchema <AssetFileSchema
    PingAppId <PingSchema
    PutCourseTags >TagListSchema
    PutCourseTagsBatch >BatchTagsSchema
    PutDestinationTags >TagListSchema
    PutDestinationTagsBatch >BatchTagsSchema
    PutDispatchTags >TagListSchema
    PutDispatchTagsBatch >BatchTagsSchema
    PutInvitationTags >TagListSchema
    PutInvitationTagsBatch >BatchTagsSchema
    PutLearnerTags >TagListSchema
    PutLearnerTagsBatch >BatchTagsSchema
    PutRegistrationTags >TagListSchema
    PutRegistrationTagsBatch >BatchTagsSchema
    ResetDestinationDispatchRegistrationCount
    ResetDispatchRegistrationCount
    SetApplicationConfiguration ?learningStandard:s ?singleSco:b >SettingsPostSchema
    SetCourseConfiguration >SettingsPostSchema
    SetCourseTitle >TitleSchema
    SetCourseVersionConfiguration >SettingsPostSchema
    SetDestination >DestinationSchema
    SetDestinationDispatchEnabled >EnabledSchema
    SetDispatchEnabled >EnabledSchema
    SetRegistrationConfiguration >SettingsPostSchema
    SetRegistrationInstanceConfiguration >SettingsPostSchema
    SetStatementPipe >XapiStatementPipePutSchema <StringResultSchema
    SetXapiCredential >XapiCredentialPostSchema
    TestRegistrationPostback >PostBackSchema
    UpdateApplication >UpdateApplicationSchema
    UpdateConnector >UpdateConnectorSchema
    UpdateCredential >CredentialRequestSchema
    UpdateDestinationHashUserInfo >EnabledSchema
    UpdateDispatch >UpdateDispatchSchema
    UpdateDispatchHashUserInfo >EnabledSchema
    UpdateDispatches ?courseId:s ?since:d ?until:d ?datetimeFilter:s ?tags:[s] ?filter:s \
    ?filterBy:s >UpdateDispatchSchema
    UpdateLearnerInfo >LearnerSchema
    UpdatePrivateInvitation >PrivateInvitationUpdateSchema <PrivateInvitationSchema
    UpdatePublicInvitation >PublicInvitationUpdateSchema <PublicInvitationSchema
    UploadCourseAssetFile ?updateAssetPolicy:s +destination:s! +file:F <AssetFileSchema
    UploadCourseVersionAssetFile ?updateAssetPolicy:s +destination:s! +file:F <AssetFileSchema
    """
}
