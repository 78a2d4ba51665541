-- База Ident в SQLite: настоящие имена таблиц и столбцов, но только нужные выборкам и показу.
-- Времена — тексты «ГГГГ-ММ-ДД ЧЧ:ММ:СС» в поясе клиники, деньги — NUMERIC.

CREATE TABLE Persons (
    ID INTEGER PRIMARY KEY, Surname TEXT, Name TEXT, Patronymic TEXT,
    MobilePhone TEXT, Phone TEXT, Email TEXT, Birthday TEXT, Sex INTEGER
);
CREATE TABLE Patients (
    ID_Persons INTEGER PRIMARY KEY REFERENCES Persons (ID), CardNumber TEXT, PatientNumber INTEGER,
    Comment TEXT, FirstVisit TEXT, ID_StaffsChanged INTEGER, DateTimeChanged TEXT
);
CREATE TABLE Staffs (ID_Persons INTEGER PRIMARY KEY REFERENCES Persons (ID), Archive INTEGER NOT NULL DEFAULT 0);
CREATE TABLE ProfessionNames (
    ID INTEGER PRIMARY KEY, NameProfession TEXT, ID_Roles INTEGER, Archive INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE Items (
    ID INTEGER PRIMARY KEY, ID_Staffs INTEGER REFERENCES Staffs (ID_Persons),
    ID_ProfessionNames INTEGER REFERENCES ProfessionNames (ID)
);
CREATE TABLE OwnCompanies (ID INTEGER PRIMARY KEY, Name TEXT, BranchName TEXT);
CREATE TABLE Armchairs (
    ID INTEGER PRIMARY KEY, NameArmchair TEXT, ID_OwnCompanies INTEGER REFERENCES OwnCompanies (ID),
    Archive INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE ReceptionCancelReasons (ID INTEGER PRIMARY KEY, Name TEXT, Archive INTEGER NOT NULL DEFAULT 0);
CREATE TABLE AppointmentSources (ID INTEGER PRIMARY KEY, Name TEXT, Archive INTEGER NOT NULL DEFAULT 0);
CREATE TABLE Receptions (
    ID INTEGER PRIMARY KEY, ID_Patients INTEGER REFERENCES Patients (ID_Persons), ReceptionAdded TEXT,
    Comment TEXT, PatientAppeared TEXT, ReceptionStarted TEXT, ReceptionEnded TEXT, CheckIssued TEXT,
    PlanStart TEXT, PlanEnd TEXT, ID_Staffs INTEGER REFERENCES Staffs (ID_Persons),
    ID_Armchairs INTEGER REFERENCES Armchairs (ID),
    ID_ReceptionCancelReasons INTEGER REFERENCES ReceptionCancelReasons (ID), CancelReasonComment TEXT,
    ReceptionCanceled TEXT, ID_ReceptionsTransferFrom INTEGER REFERENCES Receptions (ID),
    ID_AppointmentSources INTEGER REFERENCES AppointmentSources (ID), ExternalUID TEXT,
    DateTimeAdded TEXT, DateTimeChanged TEXT
);
CREATE TABLE ServiceItems (ID INTEGER PRIMARY KEY, Name TEXT, NotAService INTEGER NOT NULL DEFAULT 0);
CREATE TABLE ServiceItemPrices (
    ID INTEGER PRIMARY KEY, ID_ServiceItems INTEGER REFERENCES ServiceItems (ID), ID_ServicePriceGroups INTEGER,
    Price NUMERIC, DateTimeFrom TEXT, DateTimeTo TEXT
);
CREATE TABLE TreatmentPlans (
    ID INTEGER PRIMARY KEY, ID_StaffsCreated INTEGER, DateTimeCreated TEXT,
    ID_Patients INTEGER REFERENCES Patients (ID_Persons), Name TEXT, ID_Staffs INTEGER, ActualFrom TEXT,
    ActualTo TEXT, DateTimePriceFix TEXT, IsActive INTEGER NOT NULL DEFAULT 1,
    DateTimeAdded TEXT, DateTimeChanged TEXT
);
CREATE TABLE TreatmentPlanStages (ID INTEGER PRIMARY KEY, Name TEXT, "Order" INTEGER);
CREATE TABLE TreatmentPlanElements (
    ID INTEGER PRIMARY KEY, ID_TreatmentPlanElementsParent INTEGER, Name TEXT, IsArchive INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE TreatmentPlanElementRelations (
    ID INTEGER PRIMARY KEY, ID_TreatmentPlans INTEGER REFERENCES TreatmentPlans (ID),
    ID_TreatmentPlanStages INTEGER REFERENCES TreatmentPlanStages (ID),
    ID_TreatmentPlanElements INTEGER REFERENCES TreatmentPlanElements (ID),
    ID_ServicePrices INTEGER REFERENCES ServiceItemPrices (ID), TeethLong INTEGER, DiscountSum NUMERIC,
    DateTimeAdded TEXT, DateTimeChanged TEXT
);
CREATE TABLE Orders (
    ID INTEGER PRIMARY KEY, DateTimeOrder TEXT, ID_OwnCompanies INTEGER REFERENCES OwnCompanies (ID),
    ID_Receptions INTEGER REFERENCES Receptions (ID), ID_Patients INTEGER REFERENCES Patients (ID_Persons),
    ID_Staffs INTEGER, DateTimeBillFormed TEXT, IsBillFormed INTEGER NOT NULL DEFAULT 0,
    DateTimeAdded TEXT, DateTimeChanged TEXT
);
CREATE TABLE OrderServiceRelation (
    ID INTEGER PRIMARY KEY, ID_Orders INTEGER REFERENCES Orders (ID),
    ID_TreatmentPlans INTEGER REFERENCES TreatmentPlans (ID),
    ID_TreatmentPlanElementRelations INTEGER REFERENCES TreatmentPlanElementRelations (ID),
    ID_ServicePrices INTEGER REFERENCES ServiceItemPrices (ID), CountService NUMERIC, TeethLong INTEGER,
    DiscountSum NUMERIC, ID_Returns INTEGER, DateTimeAdded TEXT, DateTimeChanged TEXT
);

CREATE INDEX Receptions_Patients ON Receptions (ID_Patients);
CREATE INDEX Receptions_PlanStart ON Receptions (PlanStart);
CREATE INDEX Receptions_Changed ON Receptions (DateTimeChanged);
CREATE INDEX Receptions_Added ON Receptions (DateTimeAdded);
CREATE INDEX Items_Staffs ON Items (ID_Staffs);
CREATE INDEX Orders_Receptions ON Orders (ID_Receptions);
CREATE INDEX Orders_Patients ON Orders (ID_Patients);
CREATE INDEX Lines_Orders ON OrderServiceRelation (ID_Orders);
CREATE INDEX Lines_Plans ON OrderServiceRelation (ID_TreatmentPlans);
CREATE INDEX Lines_PlanLines ON OrderServiceRelation (ID_TreatmentPlanElementRelations);
CREATE INDEX Plans_Patients ON TreatmentPlans (ID_Patients);
CREATE INDEX PlanLines_Plans ON TreatmentPlanElementRelations (ID_TreatmentPlans);
