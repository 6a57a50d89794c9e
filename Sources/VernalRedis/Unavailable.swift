#if !RedisAdmission

/// Admission for a whole fleet over Redis; it needs the trait `RedisAdmission`.
@available(*, unavailable, message: "add traits: [\"RedisAdmission\"] to the dependency on this package")
public enum RedisAdmission {}

#endif
