/// A data type of PostgreSQL, by its object identifier.
///
/// The set is open: extensions and users define types, whose identifiers differ from database to database.
public struct PostgresType: Sendable, Hashable {
    /// The object identifier; 0 lets the server infer the type of a parameter.
    public let oid: UInt32

    /// Makes a type from its object identifier, as in the catalog `pg_type`.
    @inlinable
    public init(oid: UInt32) {
        self.oid = oid
    }

    /// The name, for example `int4` or `text[]`; `oid 12345` for types that are not built in.
    public var name: String {
        if oid == 0 { return "unspecified" }
        for type in builtInTypes {
            if type.oid == oid { return type.name }
            if type.arrayOID == oid { return type.name + "[]" }
        }
        return "oid \(oid)"
    }

    /// The type of the arrays of this type, if it is a built-in one.
    public var arrayType: PostgresType? {
        builtInTypes.first { $0.oid == oid }.map { PostgresType(oid: $0.arrayOID) }
    }

    /// The type of the elements, if this is a built-in array type.
    public var elementType: PostgresType? {
        guard oid != 0 else { return nil }
        return builtInTypes.first { $0.arrayOID == oid }.map { PostgresType(oid: $0.oid) }
    }

    /// Whether the type was defined by an extension or a user: PostgreSQL numbers its own below 16384.
    var isUserDefined: Bool { oid >= 16_384 }
}

extension PostgresType: CustomStringConvertible {
    /// The name, for example `int4`.
    public var description: String { name }
}

extension PostgresType {
    /// Not given: the server infers the type of the parameter from where it stands.
    public static let unspecified = PostgresType(oid: 0)
    /// `boolean`.
    public static let bool = PostgresType(oid: 16)
    /// `bytea`.
    public static let bytea = PostgresType(oid: 17)
    /// `name`: an identifier.
    public static let name = PostgresType(oid: 19)
    /// `bigint`.
    public static let int8 = PostgresType(oid: 20)
    /// `smallint`.
    public static let int2 = PostgresType(oid: 21)
    /// `integer`.
    public static let int4 = PostgresType(oid: 23)
    /// `text`.
    public static let text = PostgresType(oid: 25)
    /// `oid`: an object identifier.
    public static let oid = PostgresType(oid: 26)
    /// `json`.
    public static let json = PostgresType(oid: 114)
    /// `xml`.
    public static let xml = PostgresType(oid: 142)
    /// `cidr`: a network.
    public static let cidr = PostgresType(oid: 650)
    /// `real`.
    public static let float4 = PostgresType(oid: 700)
    /// `double precision`.
    public static let float8 = PostgresType(oid: 701)
    /// `macaddr8`.
    public static let macaddr8 = PostgresType(oid: 774)
    /// `macaddr`.
    public static let macaddr = PostgresType(oid: 829)
    /// `inet`: an address.
    public static let inet = PostgresType(oid: 869)
    /// `character(n)`.
    public static let bpchar = PostgresType(oid: 1042)
    /// `character varying`.
    public static let varchar = PostgresType(oid: 1043)
    /// `date`.
    public static let date = PostgresType(oid: 1082)
    /// `time without time zone`.
    public static let time = PostgresType(oid: 1083)
    /// `timestamp without time zone`.
    public static let timestamp = PostgresType(oid: 1114)
    /// `timestamp with time zone`.
    public static let timestamptz = PostgresType(oid: 1184)
    /// `interval`.
    public static let interval = PostgresType(oid: 1186)
    /// `time with time zone`.
    public static let timetz = PostgresType(oid: 1266)
    /// `bit(n)`.
    public static let bit = PostgresType(oid: 1560)
    /// `bit varying`.
    public static let varbit = PostgresType(oid: 1562)
    /// `numeric`.
    public static let numeric = PostgresType(oid: 1700)
    /// `uuid`.
    public static let uuid = PostgresType(oid: 2950)
    /// `jsonb`.
    public static let jsonb = PostgresType(oid: 3802)
}
