package dberr

// SQLSTATE codes used by the SQL engine (PostgreSQL's, Appendix A of its manual).
const (
	StateSyntax                 = "42601"
	StateUndefinedColumn        = "42703"
	StateUndefinedFunction      = "42883"
	StateInvalidFunction        = "42P13"
	StateDuplicateFunction      = "42723"
	StateUndefinedTable         = "42P01"
	StateUndefinedParameter     = "42P02"
	StateUndefinedObject        = "42704"
	StateDuplicateTable         = "42P07"
	StateDuplicateColumn        = "42701"
	StateDuplicateAlias         = "42712"
	StateAmbiguousAlias         = "42P09"
	StateInvalidName            = "42602"
	StateGeneratedAlways        = "428C9"
	StateInsufficientPrivilege  = "42501"
	StateDuplicateObject        = "42710"
	StateDuplicateSchema        = "42P06"
	StateDuplicateDatabase      = "42P04"
	StateAmbiguousColumn        = "42702"
	StateAmbiguousFunction      = "42725"
	StateDatatypeMismatch       = "42804"
	StateWrongObjectType        = "42809"
	StateCannotCoerce           = "42846"
	StateGrouping               = "42803"
	StateWindowing              = "42P20"
	StateInvalidColumnRef       = "42P10"
	StateInvalidTableDefinition = "42P16"
	StateInvalidRecursion       = "42P19"
	StateInvalidForeignKey      = "42830"
	StateIndeterminateDatatype  = "42P18"
	StateReservedName           = "42939"
	StateNameTooLong            = "42622"
	StateInvalidSchemaName      = "3F000"
	StateInvalidCatalogName     = "3D000"
	StateFeatureNotSupported    = "0A000"
	StateNotNullViolation       = "23502"
	StateForeignKeyViolation    = "23503"
	StateUniqueViolation        = "23505"
	StateCheckViolation         = "23514"
	StateWithCheckOption        = "44000"
	StateCardinalityViolation   = "21000"
	StateStringTruncation       = "22001"
	StateNumericOutOfRange      = "22003"
	StateInvalidDatetime        = "22007"
	StateDatetimeOverflow       = "22008"
	StateDivisionByZero         = "22012"
	StateInvalidEscape          = "22025"
	StateInvalidParameterValue  = "22023"
	StateInvalidRegexp          = "2201B"
	StateInvalidLimit           = "2201W"
	StateInvalidOffset          = "2201X"
	StateInvalidTextRepr        = "22P02"
	StateInvalidBinaryRepr      = "22P03"
	StateUntranslatable         = "22P05"
	StateSubstringError         = "22011"
	StateInvalidLogArgument     = "2201E"
	StateInvalidPowerArgument   = "2201F"
	StateInvalidJSON            = "22032"
	StateActiveTransaction      = "25001"
	StateReadOnlyTransaction    = "25006"
	StateNoActiveTransaction    = "25P01"
	StateFailedTransaction      = "25P02"
	StateInvalidSavepoint       = "3B001"
	StateSerializationFailure   = "40001"
	StateStatementUnknown       = "40003"
	StateDeadlock               = "40P01"
	StateDependentObjects       = "2BP01"
	StateInvalidStatementName   = "26000"
	StateDiskFull               = "53100"
	StateOutOfMemory            = "53200"
	StateConfigLimit            = "53400"
	StateProgramLimit           = "54000"
	StateStatementTooComplex    = "54001"
	StateTooManyColumns         = "54011"
	StateTooManyArguments       = "54023"
	StateObjectInUse            = "55006"
	StateObjectNotReady         = "55000"
	StateSequenceLimit          = "2200H"
	StateLockNotAvailable       = "55P03"
	StateQueryCanceled          = "57014"
	StateAdminShutdown          = "57P01"
	StateCannotConnectNow       = "57P03"
	StateIOError                = "58030"
	StateInternal               = "XX000"
	StateDataCorrupted          = "XX001"
)

// stateInfo names the code and class of the SQLSTATEs that need their own.
var stateInfo = map[string]struct {
	code  string
	class error
}{
	StateSyntax:               {"SYNTAX_ERROR", ErrInvalid},
	StateUndefinedColumn:      {"UNDEFINED_COLUMN", ErrInvalid},
	StateUndefinedFunction:    {"UNDEFINED_FUNCTION", ErrInvalid},
	StateUndefinedTable:       {"UNDEFINED_TABLE", ErrNotFound},
	StateUndefinedParameter:   {"UNDEFINED_PARAMETER", ErrInvalid},
	StateUndefinedObject:      {"UNDEFINED_OBJECT", ErrNotFound},
	StateDuplicateTable:       {"DUPLICATE_TABLE", ErrExists},
	StateDuplicateColumn:      {"DUPLICATE_COLUMN", ErrInvalid},
	StateDuplicateObject:      {"DUPLICATE_OBJECT", ErrExists},
	StateDuplicateSchema:      {"DUPLICATE_SCHEMA", ErrExists},
	StateDuplicateDatabase:    {"DUPLICATE_DATABASE", ErrExists},
	StateAmbiguousColumn:      {"AMBIGUOUS_COLUMN", ErrInvalid},
	StateDatatypeMismatch:     {"DATATYPE_MISMATCH", ErrInvalid},
	StateGrouping:             {"GROUPING_ERROR", ErrInvalid},
	StateInvalidSchemaName:    {"UNDEFINED_SCHEMA", ErrNotFound},
	StateInvalidCatalogName:   {"UNDEFINED_DATABASE", ErrNotFound},
	StateFeatureNotSupported:  {"FEATURE_NOT_SUPPORTED", ErrUnsupported},
	StateNotNullViolation:     {"NOT_NULL_VIOLATION", ErrConstraint},
	StateForeignKeyViolation:  {"FOREIGN_KEY_VIOLATION", ErrConstraint},
	StateUniqueViolation:      {"UNIQUE_VIOLATION", ErrConstraint},
	StateCheckViolation:       {"CHECK_VIOLATION", ErrConstraint},
	StateObjectNotReady:       {"OBJECT_STATE", ErrInvalid}, // running it again does not help
	StateWithCheckOption:      {"CHECK_OPTION_VIOLATION", ErrConstraint},
	StateCardinalityViolation: {"CARDINALITY_VIOLATION", ErrConstraint},
	StateStringTruncation:     {"STRING_TOO_LONG", ErrConstraint},
	StateNumericOutOfRange:    {"NUMERIC_OUT_OF_RANGE", ErrConstraint},
	StateDivisionByZero:       {"DIVISION_BY_ZERO", ErrConstraint},
	StateInvalidDatetime:      {"INVALID_DATETIME", ErrConstraint},
	StateDatetimeOverflow:     {"DATETIME_OVERFLOW", ErrConstraint},
	StateInvalidTextRepr:      {"INVALID_TEXT_REPRESENTATION", ErrConstraint},
	StateReadOnlyTransaction:  {"READ_ONLY_TRANSACTION", ErrInvalid},
	StateNoActiveTransaction:  {"NO_ACTIVE_TRANSACTION", ErrInvalid},
	StateFailedTransaction:    {"TRANSACTION_ABORTED", ErrInvalid},
	StateSerializationFailure: {"SERIALIZATION_FAILURE", ErrConflict},
	StateStatementUnknown:     {"COMMIT_UNDETERMINED", ErrUndetermined},
	StateDeadlock:             {"DEADLOCK_DETECTED", ErrConflict},
	StateLockNotAvailable:     {"LOCK_NOT_AVAILABLE", ErrConflict},
	StateDependentObjects:     {"DEPENDENT_OBJECTS", ErrConstraint},
	StateDiskFull:             {"DISK_FULL", ErrFull},
	StateOutOfMemory:          {"OUT_OF_MEMORY", ErrTooLarge},
	StateConfigLimit:          {"LIMIT_EXCEEDED", ErrTooLarge},
	StateProgramLimit:         {"LIMIT_EXCEEDED", ErrTooLarge},
	StateStatementTooComplex:  {"STATEMENT_TOO_COMPLEX", ErrInvalid},
	StateQueryCanceled:        {"QUERY_CANCELED", ErrCanceled},
	StateAdminShutdown:        {"SHUTTING_DOWN", ErrUnavailable},
	StateCannotConnectNow:     {"RECOVERING", ErrUnavailable},
	StateInternal:             {"INTERNAL", nil},
	StateDataCorrupted:        {"DATA_CORRUPTED", ErrCorrupt},
}

// stateClasses gives the class by the first two characters for the rest.
var stateClasses = map[string]struct {
	code  string
	class error
}{
	"0A": {"FEATURE_NOT_SUPPORTED", ErrUnsupported},
	"21": {"CARDINALITY_VIOLATION", ErrConstraint},
	"22": {"DATA_EXCEPTION", ErrConstraint},
	"23": {"INTEGRITY_VIOLATION", ErrConstraint},
	"25": {"INVALID_TRANSACTION_STATE", ErrInvalid},
	"26": {"INVALID_STATEMENT_NAME", ErrNotFound},
	"2B": {"DEPENDENT_OBJECTS", ErrConstraint},
	"3B": {"INVALID_SAVEPOINT", ErrInvalid},
	"3D": {"UNDEFINED_DATABASE", ErrNotFound},
	"3F": {"UNDEFINED_SCHEMA", ErrNotFound},
	"40": {"TRANSACTION_ROLLBACK", ErrConflict},
	"42": {"INVALID_STATEMENT", ErrInvalid},
	"53": {"INSUFFICIENT_RESOURCES", ErrTooLarge},
	"54": {"LIMIT_EXCEEDED", ErrTooLarge},
	"55": {"OBJECT_STATE", ErrConflict},
	"57": {"OPERATOR_INTERVENTION", ErrUnavailable},
	"58": {"SYSTEM_ERROR", nil},
}

func classOfSQLState(state string) (code string, class error) {
	if i, ok := stateInfo[state]; ok {
		return i.code, i.class
	}
	if len(state) == 5 {
		if i, ok := stateClasses[state[:2]]; ok {
			return i.code, i.class
		}
	}
	return "INTERNAL", nil
}
