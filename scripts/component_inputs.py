"""Write actions of the integration component that this target replaces, with the inputs they offer."""

from __future__ import annotations

COMPONENT_INPUTS: dict[str, str] = {
    "addCallLog": """
        activityId dealId duration endTime fromPhoneNumber note orgId outcome personId startTime subject
        toPhoneNumber userId
    """,
    "addChannel": "avatarUrl name providerChannelId providerType templateSupport",
    "addDeal": """
        addTime currency expectedCloseDate lostReason orgId personId pipelineId probability stageId
        status title userId value visibleTo
    """,
    "addDealFollower": "id userId",
    "addDealParticipant": "id personId",
    "addDealProduct": """
        comments discountPercentage duration enabledFlag id itemPrice productVariationId quantity tax
    """,
    "addFile": "entityId entityType file fileName",
    "addLead": "expectedCloseDate labelIds organizationId ownerId personId title value visibleTo wasSeen",
    "addLeadLabel": "color name",
    "addOrganization": "addTime name ownerId visibleTo",
    "addOrganizationFollower": "id userId",
    "addPerson": "addTime email marketingStatus name orgId ownerId phone visibleTo",
    "addPersonFollower": "id userId",
    "addPipeline": "active dealProbability name orderNr",
    "addProduct": "activeFlag code name ownerId prices selectable tax unit visibleTo",
    "addProductFollower": "id userId",
    "addStage": "dealProbability name pipelineId rottenDays rottenFlag",
    "cancelRecurringSubscription": "endDate id",
    "deleteActivity": "id",
    "deleteCallLog": "id",
    "deleteChannel": "id",
    "deleteConversation": "channelId conversationId",
    "deleteDeal": "id",
    "deleteDealField": "id",
    "deleteDealFollower": "followerId id",
    "deleteDealParticipant": "dealParticipantId id",
    "deleteDealProduct": "id productAttachmentId",
    "deleteFile": "id",
    "deleteLead": "id",
    "deleteLeadLabel": "id",
    "deleteMailThread": "id",
    "deleteOrganization": "id",
    "deleteOrganizationFollower": "followerId id",
    "deletePerson": "id",
    "deletePersonField": "id",
    "deletePersonFollower": "followerId id",
    "deletePersonPicture": "id",
    "deletePipeline": "id",
    "deleteProduct": "id",
    "deleteProductField": "id",
    "deleteProductFollower": "followerId id",
    "deleteStage": "id",
    "deleteSubscription": "id",
    "mergeDeals": "id mergeWithId",
    "mergeOrganizations": "id mergeWithId",
    "mergePersons": "id mergeWithId",
    "rawRequest": """
        data debugRequest fileData fileDataFileNames formData headers maxRetries method queryParams
        responseType retryAllErrors retryDelayMS timeout url useExponentialBackoff
    """,
    "setFieldValueForPerson": "customFieldKey personId value",
    "updateDeal": """
        currency expectedCloseDate id lostReason orgId personId pipelineId probability stageId status
        title userId value visibleTo
    """,
    "updateDealProduct": """
        comments discountPercentage duration enabledFlag id itemPrice productAttachmentId
        productVariationId quantity tax
    """,
    "updateFile": "description id name",
    "updateFilter": "conditions id name",
    "updateLead": """
        expectedCloseDate id isArchived labelIds organizationId ownerId personId title value visibleTo
        wasSeen
    """,
    "updateLeadLabel": "color id name",
    "updateOrganization": "id name ownerId visibleTo",
    "updatePerson": "email id marketingStatus name orgId ownerId phone visibleTo",
    "updatePipeline": "active dealProbability id name orderNr",
    "updateProduct": "activeFlag code id name ownerId prices selectable tax unit visibleTo",
    "updateStage": "dealProbability id name orderNr pipelineId rottenDays rottenFlag",
}
"""Action, by the component's name → names of its inputs, separated by spaces."""
