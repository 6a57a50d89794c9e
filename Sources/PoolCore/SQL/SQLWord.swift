/// The keywords and functions that say what a statement leaves behind in its session.
///
/// Each is its hash, which is computed while a statement is read: so no text is copied, and no table has to be made when a process starts. The
/// compiler makes a tree of comparisons of it.
enum SQLWord: UInt64, CaseIterable, Sendable {
    // How statements begin.
    case abort = 0x3F7F_062D_618B_DA39
    case alter = 0xAEF9_DCBB_9ADF_390B
    case begin = 0x9A84_8D5E_6672_B3DE
    case call = 0xB516_7A90_E83B_A4A9
    case comment = 0x8A00_21CA_40AE_AC3E
    case commit = 0x7DA7_727C_A39D_DCDC
    case create = 0xF74E_5FEA_DEA7_73FD
    case deallocate = 0x9534_F332_6CA3_5CF9
    case declare = 0x517E_AB08_B239_4165
    case delete = 0xF3FE_6B5F_DB85_D50A
    case discard = 0x9898_C653_7288_EB01
    case `do` = 0x0891_5907_B53B_B494
    case end = 0xC2F0_0318_F053_500A
    case execute = 0x9F79_2213_41CF_CB18
    case explain = 0x0BE5_2A08_9196_A99C
    case grant = 0x32BC_9029_77D5_212D
    case insert = 0x7271_C687_5991_6228
    case listen = 0xDC8A_CB31_3473_C026
    case load = 0xCE0E_ECAD_70F2_71E9
    case lock = 0xCE14_F5AD_70F6_ECE2
    case merge = 0x4E4B_AEC8_0FE3_9A67
    case prepare = 0xEBE9_0009_BDA2_153C
    case release = 0xA63D_4C9B_882B_10FE
    case reset = 0x0F13_6FF2_C086_B760
    case revoke = 0x20CA_4895_15CC_42F3
    case rollback = 0x164C_ACBE_F85E_B87D
    case savepoint = 0x16C9_9D51_A5B2_FA1E
    case select = 0xBD76_100B_D58C_9C0D
    case set = 0x823B_8719_5CE2_0E23
    case start = 0xEE5D_97AD_45AD_251F
    case unlisten = 0x4A9D_39A1_D10F_FCA5
    case update = 0xA0AD_6831_2A3D_0454
    case values = 0x2127_7BCF_1A4D_67FB
    case with = 0xA66B_06F6_55A0_C2E9
    // What comes behind that.
    case analyse = 0xC15E_114A_02B8_AD4E
    case analyze = 0xC175_DD4A_02CC_E6D3
    case `as` = 0x089C_5507_B545_B54D
    case constraints = 0xDEAB_4073_1FCC_A0AB
    case drop = 0xF1A2_A766_DCD5_5BAC
    case `else` = 0x7F2B_6C60_5332_DD30
    case `for` = 0xDCB2_7818_FED9_DA90
    case from = 0x7F84_5078_D7A5_C0B5
    case function = 0x0228_4CBB_38B9_CF89
    case global = 0x7FB4_3557_B541_49CE
    case hold = 0x4029_F6CC_7E6D_28B8
    case into = 0xF5A6_C8C5_7A90_61A3
    case local = 0x249F_1FB6_F3A6_80E8
    case loop = 0xCDEC_E4AD_70D5_7DEB
    case materialized = 0x1166_D947_2F12_EB82
    case on = 0x08B0_5807_B556_6370
    case or = 0x08B0_5407_B556_5CA4
    case pg_temp = 0xB7C3_28C2_CF91_A087
    case prepared = 0x7F00_688D_3A6A_4488
    case procedure = 0xDD6B_B502_75FF_38CE
    case replace = 0xB3E2_9472_EA3D_EF43
    case session = 0x3CA2_C495_53A4_57D7
    case table = 0x7720_3729_B376_A83F
    case temp = 0xFA4C_F6EF_19D2_F987
    case temporary = 0x05BD_39F0_6F76_D6BC
    case then = 0x2579_C7EF_323D_0D96
    case transaction = 0x4380_D624_F569_0FE3
    case `true` = 0x5B5C_98EF_514D_BFA5
    case unlogged = 0x0BEC_F54D_B785_AFBC
    case verbose = 0x35CA_209D_CAF9_161D
    // Settings that poolers keep for each client.
    case application_name = 0x2EAD_F5E6_6F39_098D
    case client_encoding = 0x7AEE_7D2C_C621_C8A2
    case datestyle = 0xA58C_B5D0_85EB_0E6A
    case intervalstyle = 0xBCB0_88B0_F050_D82D
    case names = 0xAFB7_28FF_F268_814F
    case standard_conforming_strings = 0x9612_B1A4_A47D_9C36
    case time = 0x1E54_85EF_2E9F_9384
    case timezone = 0x5C83_D569_4E9A_B882
    case to = 0x08C8_3907_B56A_C0A4
    // Functions.
    case currval = 0xCCDC_995B_5863_B29C
    case lastval = 0x106D_22EE_6CA0_9F48
    case nextval = 0x01C7_618B_FB06_65D7
    case setval = 0x14DA_CD4D_96D2_9912
    case set_config = 0xB4FC_EDCA_B8D0_63B2
    case pg_terminate_backend = 0xE890_D5E1_D7C7_AFAB
    case setseed = 0x574D_A8AD_B6F3_796E
    case dblink_connect = 0xDF7F_93EB_A16D_A37E
    case pg_advisory_lock = 0x40FF_FA1A_02D5_108C
    case pg_advisory_lock_shared = 0xF92A_BC3F_72EB_71F8
    case pg_try_advisory_lock = 0xD823_940A_E248_549E
    case pg_try_advisory_lock_shared = 0x1C5C_A5DD_3CDB_784A
    case pg_advisory_unlock = 0xA265_0575_46A9_21EB
    case pg_advisory_unlock_shared = 0xE58D_76E1_EF1B_CD49
    case pg_advisory_unlock_all = 0x33E8_C647_151F_D347

    /// Whether it is the name of a function.
    var isFunction: Bool {
        switch self {
        case .currval, .lastval, .nextval, .setval, .set_config, .pg_terminate_backend, .setseed, .dblink_connect,
            .pg_advisory_lock,
            .pg_advisory_lock_shared, .pg_try_advisory_lock, .pg_try_advisory_lock_shared, .pg_advisory_unlock,
            .pg_advisory_unlock_shared, .pg_advisory_unlock_all:
            true
        default: false
        }
    }

    /// The word with a hash, if it is one of these.
    init?(_ hash: SQLHash) { self.init(rawValue: hash.value) }
}

/// FNV-1a: one step for each byte, and the same in every process, so that a fingerprint can be compared between them.
package struct SQLHash: Sendable, Hashable {
    package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    mutating func combine(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }

    mutating func combine(_ other: SQLHash) {
        value = (value ^ other.value) &* 0x9E37_79B9_7F4A_7C15
        value ^= value >> 29
    }
}
