"""The organization and its licences. https://learn.microsoft.com/graph/api/organization-list"""

from __future__ import annotations

from sandbox.entra.paging import collection
from sandbox.entra.tenant import Tenant
from sandbox.entra.wire import Call, Json, Reply, timestamp

_PREMIUM_P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
_PREMIUM_P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
_SKU_P2 = "84a661c4-e949-4bd2-a560-ed7766fcaf2b"


def list_organization(tenant: Tenant, call: Call) -> Reply:
    """GET /organization: always exactly one."""
    plans = [_plan(_PREMIUM_P1, tenant), _plan(_PREMIUM_P2, tenant)] if tenant.premium else []
    row = {
        "id": tenant.id,
        "deletedDateTime": None,
        "businessPhones": [],
        "city": None,
        "country": None,
        "countryLetterCode": "SE",
        "createdDateTime": timestamp(tenant.created),
        "defaultUsageLocation": None,
        "displayName": tenant.display_name,
        "marketingNotificationEmails": [],
        "onPremisesLastSyncDateTime": None,
        "onPremisesSyncEnabled": None,
        "preferredLanguage": "en",
        "securityComplianceNotificationMails": [],
        "securityComplianceNotificationPhones": [],
        "state": None,
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "assignedPlans": plans,
        "verifiedDomains": [
            _domain(tenant.domain, default=True),
            _domain("contoso.onmicrosoft.com", default=False),
        ],
    }
    return collection(call, "organization", [row])


def list_skus(tenant: Tenant, call: Call) -> Reply:
    """GET /subscribedSkus."""
    return collection(call, "subscribedSkus", [_sku(tenant)] if tenant.premium else [])


def _plan(service_plan: str, tenant: Tenant) -> Json:
    return {
        "assignedDateTime": timestamp(tenant.created),
        "capabilityStatus": "Enabled",
        "service": "AADPremiumService",
        "servicePlanId": service_plan,
    }


def _domain(name: str, *, default: bool) -> Json:
    return {
        "capabilities": "Email, OfficeCommunicationsOnline",
        "isDefault": default,
        "isInitial": not default,
        "name": name,
        "type": "Managed",
    }


def _sku(tenant: Tenant) -> Json:
    used = sum(1 for _ in tenant.living())
    plans = {"AAD_PREMIUM": _PREMIUM_P1, "AAD_PREMIUM_P2": _PREMIUM_P2}
    return {
        "id": f"{tenant.id}_{_SKU_P2}",
        "accountId": tenant.id,
        "accountName": tenant.domain.partition(".")[0],
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": used,
        "skuId": _SKU_P2,
        "skuPartNumber": "AAD_PREMIUM_P2",
        "subscriptionIds": [tenant.new_id("subscription")],
        "prepaidUnits": {"enabled": 50, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {
                "servicePlanId": plan,
                "servicePlanName": name,
                "provisioningStatus": "Success",
                "appliesTo": "User",
            }
            for name, plan in plans.items()
        ],
    }
