"""The objects of the fake Salesforce org: standard ones and those of NPSP, Fonteva and Nimble.

Data flow: OBJECTS (short form) -> schema() -> describe answers and the checks of SOQL.

Short form: `Name:type`, text without a type, `Name>Parent` for a lookup (its relationship is the
name without Id, or with __r for __c). Fields: Object Reference for the standard ones; for the
packages see the maps' own heads (connectors/sources/salesforce/maps).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

_SYSTEM = "Id:id Name IsDeleted:boolean CreatedDate:datetime LastModifiedDate:datetime"
_SYSTEM += " SystemModstamp:datetime"
_PERSON = "FirstName LastName Phone:phone Description:textarea"

OBJECTS: Mapping[str, str] = {
    "Account": f"{_PERSON} MasterRecordId>Account Type:picklist BillingAddress:address"
    " npe01__SYSTEM_AccountType__c IsPersonAccount:boolean PersonEmail:email"
    " PersonMobilePhone:phone PersonMailingStreet PersonMailingPostalCode PersonMailingCity"
    " PersonBirthdate:date PersonHasOptedOutOfEmail:boolean PersonDoNotCall:boolean"
    " PersonEmailBouncedDate:datetime NU__PrimaryAffiliation__c>Account NU__PersonEmail__c"
    " NU__PrimaryContactEmail__c",
    "Contact": f"{_PERSON} AccountId>Account MasterRecordId>Contact Email:email MobilePhone:phone"
    " MailingStreet MailingPostalCode MailingCity MailingAddress:address Birthdate:date"
    " HasOptedOutOfEmail:boolean DoNotCall:boolean EmailBouncedDate:datetime"
    " npsp__Deceased__c:boolean npsp__Do_Not_Contact__c:boolean Member_Number__c",
    "Campaign": "Type:picklist Status:picklist StartDate:date EndDate:date IsActive:boolean",
    "CampaignMember": "CampaignId>Campaign ContactId>Contact Email:email Status:picklist"
    " HasResponded:boolean FirstRespondedDate:date",
    "Opportunity": "AccountId>Account CampaignId>Campaign StageName:picklist Amount:currency"
    " CloseDate:date IsWon:boolean IsClosed:boolean npsp__Primary_Contact__c>Contact"
    " npe01__Contact_Id_for_Role__c Plan__c npe01__Member_Level__c:picklist"
    " npe01__Membership_Start_Date__c:date npe01__Membership_End_Date__c:date",
    "npe01__OppPayment__c": "npe01__Opportunity__c>Opportunity npe01__Payment_Amount__c:currency"
    " npe01__Payment_Date__c:date npe01__Payment_Method__c:picklist npe01__Paid__c:boolean"
    " npe01__Written_Off__c:boolean npsp__Type__c:picklist",
    "Case": "ContactId>Contact AccountId>Account Type:picklist Status:picklist IsClosed:boolean"
    " ClosedDate:datetime Subject Description:textarea",
    "OrderApi__Item__c": "OrderApi__Display_Name__c OrderApi__Price__c:currency"
    " OrderApi__Is_Active__c:boolean OrderApi__Is_Subscription__c:boolean",
    "OrderApi__Subscription__c": "OrderApi__Contact__c>Contact OrderApi__Account__c>Account"
    " OrderApi__Item__c>OrderApi__Item__c OrderApi__Status__c:picklist"
    " OrderApi__Enable_Auto_Renew__c:boolean OrderApi__Activated_Date__c:date"
    " OrderApi__Cancelled_Date__c:date",
    "OrderApi__Renewal__c": "OrderApi__Subscription__c>OrderApi__Subscription__c"
    " OrderApi__Dues_Total__c:currency OrderApi__Renewed_Date__c:date"
    " OrderApi__Term_Start_Date__c:date OrderApi__Term_End_Date__c:date",
    "OrderApi__Receipt__c": "OrderApi__Contact__c>Contact OrderApi__Account__c>Account"
    " OrderApi__Sales_Order__c OrderApi__Payment_Type__c OrderApi__Total__c:currency"
    " OrderApi__Is_Posted__c:boolean OrderApi__Is_Refund__c:boolean OrderApi__Date__c:date",
    "EventApi__Event__c": "EventApi__Display_Name__c EventApi__Status__c:picklist"
    " EventApi__Start_Date__c:date EventApi__End_Date__c:date"
    " EventApi__Start_Date_Time__c:datetime EventApi__End_Date_Time__c:datetime",
    "EventApi__Attendee__c": "EventApi__Attendee_Event__c>EventApi__Event__c"
    " EventApi__Contact__c>Contact EventApi__Preferred_Email__c:email EventApi__Email__c:email"
    " EventApi__Status__c:picklist EventApi__Is_Registered__c:boolean"
    " EventApi__Registration_Date__c:date",
    "NU__MembershipType__c": "NU__Status__c:picklist",
    "NU__Membership__c": "NU__Account__c>Account NU__Account2__c>Account"
    " NU__MembershipType__c>NU__MembershipType__c NU__MembershipType2__c>NU__MembershipType__c"
    " NU__Status__c:picklist NU__Amount__c:currency NU__AutoRenew__c:boolean NU__StartDate__c:date"
    " NU__EndDate__c:date NU__EndDateOverride__c:date NU__TransactionDate__c:date",
    "NU__Event__c": "NU__Type__c:picklist NU__Status__c:picklist NU__StartDate__c:datetime"
    " NU__EndDate__c:datetime",
    "NU__Registration2__c": "NU__Event2__c>NU__Event__c NU__Event__c>NU__Event__c"
    " NU__Account2__c>Account NU__Account__c>Account NU__RegistrantEmail__c"
    " NU__Status__c:picklist NU__Amount__c:currency NU__TransactionDate__c:date",
    "NU__EntityPaymentMethod__c": "",
    "NU__Payment__c": "NU__Payer__c NU__CreditCardRefundedPayment__c>NU__Payment__c NU__Source__c"
    " NU__EntityPaymentMethod__c>NU__EntityPaymentMethod__c NU__PaymentAmount__c:currency"
    " NU__CreditCardIsVoid__c:boolean NU__PaymentDate__c:date NU__CreditCardNumber__c",
    "Volunteer_Shift__c": "Hours__c:double",
    "ContactHistory": "ContactId>Contact",
}


@dataclass(frozen=True)
class Field:
    """One field: its type, and for a lookup its relationship and the object it points to."""

    type: str
    relationship: str | None = None
    parent: str | None = None


Schema = Mapping[str, Mapping[str, Field]]


def schema(
    *,
    hidden: Collection[str] = (),
    without: Mapping[str, Collection[str]] | None = None,
    multi_currency: bool = False,
) -> Schema:
    """Object -> field -> Field, as a user sees them: without `hidden` objects and such fields."""
    absent = without or {}
    found = {}
    for name, short in OBJECTS.items():
        if name in hidden:
            continue
        words = f"{_SYSTEM} {short}" + (" CurrencyIsoCode:picklist" if multi_currency else "")
        fields = dict(_field(word) for word in words.split())
        found[name] = {k: f for k, f in fields.items() if k not in absent.get(name, ())}
    return found


def _field(word: str) -> tuple[str, Field]:
    name, arrow, parent = word.partition(">")
    if arrow:
        stem = name.removesuffix("Id") if not name.endswith("__c") else name[:-1] + "r"
        return name, Field("reference", stem, parent)
    name, _, kind = word.partition(":")
    return name, Field(kind or "string")
