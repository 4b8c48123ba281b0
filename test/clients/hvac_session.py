# A working day with hvac, unmodified: python3 hvac_session.py ADDRESS CA_FILE TOKEN. Ends with 0 when all went as hvac
# expects. Checks what hvac returns, not what the wire says: that is what its users see.
import sys

import hvac
import hvac.exceptions

address, ca_file, root_token = sys.argv[1:4]


def expect(actual, wanted, what):
    if actual != wanted:
        raise AssertionError(f"{what}: {actual!r}, want {wanted!r}")


def expect_raises(error, work, what):
    try:
        work()
    except error:
        return
    raise AssertionError(f"{what}: no {error.__name__}")


def key_values(client):
    client.sys.enable_secrets_engine("kv", path="kv2", options={"version": "2"})
    v2 = client.secrets.kv.v2
    v2.create_or_update_secret("app/db", {"user": "u", "password": "first"}, mount_point="kv2")
    v2.create_or_update_secret("app/db", {"user": "u", "password": "second"}, mount_point="kv2")
    read = v2.read_secret_version("app/db", mount_point="kv2")
    expect(read["data"]["data"]["password"], "second", "newest version")
    expect(read["data"]["metadata"]["version"], 2, "its number")
    old = v2.read_secret_version("app/db", version=1, mount_point="kv2")
    expect(old["data"]["data"]["password"], "first", "first version")
    v2.patch("app/db", {"password": "third"}, mount_point="kv2")
    patched = v2.read_secret_version("app/db", mount_point="kv2")["data"]["data"]
    expect(patched, {"user": "u", "password": "third"}, "patched value")
    expect(v2.list_secrets("app", mount_point="kv2")["data"]["keys"], ["db"], "list")
    expect_raises(
        hvac.exceptions.InvalidRequest,
        lambda: v2.create_or_update_secret("app/db", {"a": 1}, cas=1, mount_point="kv2"),
        "stale check-and-set",
    )
    v2.delete_latest_version_of_secret("app/db", mount_point="kv2")
    expect_raises(
        hvac.exceptions.InvalidPath,
        lambda: v2.read_secret_version("app/db", mount_point="kv2"),
        "deleted version",
    )
    v2.undelete_secret_versions("app/db", [3], mount_point="kv2")
    v2.destroy_secret_versions("app/db", [1], mount_point="kv2")
    versions = v2.read_secret_metadata("app/db", mount_point="kv2")["data"]["versions"]
    expect(versions["1"]["destroyed"], True, "destroyed version")
    v2.delete_metadata_and_all_versions("app/db", mount_point="kv2")
    client.sys.enable_secrets_engine("kv", path="kv1", options={"version": "1"})
    v1 = client.secrets.kv.v1
    v1.create_or_update_secret("plain", {"k": "v"}, mount_point="kv1")
    expect(v1.read_secret("plain", mount_point="kv1")["data"], {"k": "v"}, "v1 value")
    expect(v1.list_secrets("", mount_point="kv1")["data"]["keys"], ["plain"], "v1 list")
    v1.delete_secret("plain", mount_point="kv1")
    expect_raises(
        hvac.exceptions.InvalidPath, lambda: v1.read_secret("plain", mount_point="kv1"), "v1 gone"
    )


def policies_and_tokens(client):
    rules = 'path "kv2/data/open/*" { capabilities = ["create", "update", "read"] }'
    client.sys.create_or_update_policy("open-only", rules)
    expect("open-only" in client.sys.list_policies()["policies"], True, "policy listed")
    expect(client.sys.read_policy("open-only")["data"]["rules"], rules, "policy text")
    made = client.auth.token.create(policies=["open-only"], ttl="1h", display_name="robot")
    token = made["auth"]["client_token"]
    expect(sorted(made["auth"]["policies"]), ["default", "open-only"], "policies of the token")
    limited = hvac.Client(url=address, token=token, verify=ca_file)
    expect(limited.is_authenticated(), True, "the new token")
    limited.secrets.kv.v2.create_or_update_secret("open/x", {"k": 1}, mount_point="kv2")
    expect_raises(
        hvac.exceptions.Forbidden,
        lambda: limited.secrets.kv.v2.read_secret_version("closed/x", mount_point="kv2"),
        "a path without a rule",
    )
    expect(client.auth.token.lookup(token)["data"]["display_name"], "token-robot", "lookup")
    expect(limited.auth.token.lookup_self()["data"]["renewable"], True, "lookup-self")
    renewed = client.auth.token.renew(token, increment="2h")
    expect(renewed["auth"]["renewable"], True, "renew")
    limited.auth.token.renew_self(increment="1h")
    client.auth.token.revoke(token)
    expect(limited.is_authenticated(), False, "the revoked token")
    client.sys.delete_policy("open-only")
    expect("open-only" in client.sys.list_policies()["policies"], False, "policy gone")


def user_and_password(client):
    client.sys.enable_auth_method("userpass", path="people")
    userpass = client.auth.userpass
    userpass.create_or_update_user("ann", password="correct horse", mount_point="people")
    expect(userpass.list_user(mount_point="people")["data"]["keys"], ["ann"], "users")
    visitor = hvac.Client(url=address, verify=ca_file)
    visitor.auth.userpass.login("ann", "correct horse", mount_point="people")
    expect(visitor.is_authenticated(), True, "logged in")
    expect_raises(
        hvac.exceptions.InvalidRequest,
        lambda: visitor.auth.userpass.login("ann", "wrong", mount_point="people"),
        "a wrong password",
    )
    client.sys.disable_auth_method("people")


def server_and_mounts(client):
    expect(client.sys.is_initialized(), True, "initialised")
    expect(client.sys.is_sealed(), False, "sealed")
    expect(client.sys.read_health_status(method="GET")["sealed"], False, "health")
    mounts = client.sys.list_mounted_secrets_engines()["data"]
    expect(mounts["kv2/"]["options"]["version"], "2", "mounted engine")
    expect("token/" in client.sys.list_auth_methods()["data"], True, "token method")
    client.sys.disable_secrets_engine("kv1")
    expect("kv1/" in client.sys.list_mounted_secrets_engines()["data"], False, "unmounted")
    expect_raises(hvac.exceptions.VaultError, lambda: client.sys.enable_secrets_engine("nope"), "type")


session = hvac.Client(url=address, token=root_token, verify=ca_file)
key_values(session)
policies_and_tokens(session)
user_and_password(session)
server_and_mounts(session)
