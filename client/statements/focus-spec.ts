/** The 57 columns of FOCUS 1.2 as its specification defines them: test/vectors/focus has its own text, against which this is held. */

export interface SpecifiedColumn {
  readonly level: "Mandatory" | "Conditional" | "Recommended";
  readonly type: "String" | "Decimal" | "Date/Time" | "JSON";
  readonly neverNull?: true;
  readonly notNegative?: true;
  /** Values that it may have; those of ServiceSubcategory depend on its parent. */
  readonly allowed?: readonly string[];
}

export const specified: Readonly<Record<string, SpecifiedColumn>> = {
  AvailabilityZone: { level: "Recommended", type: "String" },
  BilledCost: { level: "Mandatory", type: "Decimal", neverNull: true },
  BillingAccountId: { level: "Mandatory", type: "String", neverNull: true },
  BillingAccountName: { level: "Mandatory", type: "String" },
  BillingAccountType: { level: "Conditional", type: "String", neverNull: true },
  BillingCurrency: { level: "Mandatory", type: "String", neverNull: true },
  BillingPeriodEnd: { level: "Mandatory", type: "Date/Time", neverNull: true },
  BillingPeriodStart: { level: "Mandatory", type: "Date/Time", neverNull: true },
  CapacityReservationId: { level: "Conditional", type: "String" },
  CapacityReservationStatus: { level: "Conditional", type: "String", allowed: ["Used", "Unused"] },
  ChargeCategory: { level: "Mandatory", type: "String", neverNull: true, allowed: ["Usage", "Purchase", "Tax", "Credit", "Adjustment"] },
  ChargeClass: { level: "Mandatory", type: "String", allowed: ["Correction"] },
  ChargeDescription: { level: "Mandatory", type: "String" },
  ChargeFrequency: { level: "Recommended", type: "String", neverNull: true, allowed: ["One-Time", "Recurring", "Usage-Based"] },
  ChargePeriodEnd: { level: "Mandatory", type: "Date/Time", neverNull: true },
  ChargePeriodStart: { level: "Mandatory", type: "Date/Time", neverNull: true },
  CommitmentDiscountCategory: { level: "Conditional", type: "String", allowed: ["Spend", "Usage"] },
  CommitmentDiscountId: { level: "Conditional", type: "String" },
  CommitmentDiscountName: { level: "Conditional", type: "String" },
  CommitmentDiscountQuantity: { level: "Conditional", type: "Decimal" },
  CommitmentDiscountStatus: { level: "Conditional", type: "String", allowed: ["Used", "Unused"] },
  CommitmentDiscountType: { level: "Conditional", type: "String" },
  CommitmentDiscountUnit: { level: "Conditional", type: "String" },
  ConsumedQuantity: { level: "Conditional", type: "Decimal" },
  ConsumedUnit: { level: "Conditional", type: "String" },
  ContractedCost: { level: "Mandatory", type: "Decimal", neverNull: true },
  ContractedUnitPrice: { level: "Conditional", type: "Decimal", notNegative: true },
  EffectiveCost: { level: "Mandatory", type: "Decimal", neverNull: true },
  InvoiceId: { level: "Recommended", type: "String" },
  InvoiceIssuerName: { level: "Mandatory", type: "String", neverNull: true },
  ListCost: { level: "Mandatory", type: "Decimal", neverNull: true },
  ListUnitPrice: { level: "Conditional", type: "Decimal", notNegative: true },
  PricingCategory: { level: "Conditional", type: "String", allowed: ["Standard", "Dynamic", "Committed", "Other"] },
  PricingCurrency: { level: "Conditional", type: "String" },
  PricingCurrencyContractedUnitPrice: { level: "Conditional", type: "Decimal", notNegative: true },
  PricingCurrencyEffectiveCost: { level: "Conditional", type: "Decimal" },
  PricingCurrencyListUnitPrice: { level: "Conditional", type: "Decimal", notNegative: true },
  PricingQuantity: { level: "Mandatory", type: "Decimal" },
  PricingUnit: { level: "Mandatory", type: "String" },
  ProviderName: { level: "Mandatory", type: "String", neverNull: true },
  PublisherName: { level: "Mandatory", type: "String", neverNull: true },
  RegionId: { level: "Conditional", type: "String" },
  RegionName: { level: "Conditional", type: "String" },
  ResourceId: { level: "Conditional", type: "String" },
  ResourceName: { level: "Conditional", type: "String" },
  ResourceType: { level: "Conditional", type: "String" },
  ServiceCategory: { level: "Mandatory", type: "String", neverNull: true, allowed: ["AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security", "Storage", "Web", "Other"] },
  ServiceName: { level: "Mandatory", type: "String", neverNull: true },
  ServiceSubcategory: { level: "Recommended", type: "String", neverNull: true },
  SkuId: { level: "Conditional", type: "String" },
  SkuMeter: { level: "Conditional", type: "String" },
  SkuPriceDetails: { level: "Conditional", type: "JSON" },
  SkuPriceId: { level: "Conditional", type: "String" },
  SubAccountId: { level: "Conditional", type: "String" },
  SubAccountName: { level: "Conditional", type: "String" },
  SubAccountType: { level: "Conditional", type: "String" },
  Tags: { level: "Conditional", type: "JSON" },
};

/** What a ServiceSubcategory may be, by its ServiceCategory. */
export const subcategories: Readonly<Record<string, readonly string[]>> = {
  "AI and Machine Learning": ["AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing", "Other (AI and Machine Learning)"],
  Analytics: ["Analytics Platforms", "Business Intelligence", "Data Processing", "Search", "Streaming Analytics", "Other (Analytics)"],
  "Business Applications": ["Productivity and Collaboration", "Other (Business Applications)"],
  Compute: ["Containers", "End User Computing", "Quantum Compute", "Serverless Compute", "Virtual Machines", "Other (Compute)"],
  Databases: ["Caching", "Data Warehouses", "Ledger Databases", "NoSQL Databases", "Relational Databases", "Time Series Databases", "Other (Databases)"],
  "Developer Tools": ["Developer Platforms", "Continuous Integration and Deployment", "Development Environments", "Source Code Management", "Quality Assurance", "Other (Developer Tools)"],
  Identity: ["Identity and Access Management", "Other (Identity)"],
  Integration: ["API Management", "Messaging", "Workflow Orchestration", "Other (Integration)"],
  "Internet of Things": ["IoT Analytics", "IoT Platforms", "Other (Internet of Things)"],
  "Management and Governance": ["Architecture", "Compliance", "Cost Management", "Data Governance", "Disaster Recovery", "Endpoint Management", "Observability", "Support", "Other (Management and Governance)"],
  Media: ["Content Creation", "Gaming", "Media Streaming", "Mixed Reality", "Other (Media)"],
  Migration: ["Data Migration", "Resource Migration", "Other (Migration)"],
  Mobile: ["Other (Mobile)"],
  Multicloud: ["Multicloud Integration", "Other (Multicloud)"],
  Networking: ["Application Networking", "Content Delivery", "Network Connectivity", "Network Infrastructure", "Network Routing", "Network Security", "Other (Networking)"],
  Security: ["Secret Management", "Security Posture Management", "Threat Detection and Response", "Other (Security)"],
  Storage: ["Backup Storage", "Block Storage", "File Storage", "Object Storage", "Storage Platforms", "Other (Storage)"],
  Web: ["Application Platforms", "Other (Web)"],
  Other: ["Other (Other)"],
};

/** Keys of SkuPriceDetails that FOCUS defines, with the type of their values. */
export const skuProperties: Readonly<Record<string, "number" | "string">> = {
  CoreCount: "number", DiskMaxIops: "number", DiskSpace: "number", DiskType: "string", GpuCount: "number", InstanceType: "string", InstanceSeries: "string", MemorySize: "number", NetworkMaxIops: "number", NetworkMaxThroughput: "number", OperatingSystem: "string", Redundancy: "string", StorageClass: "string",
};
