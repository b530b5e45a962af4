// SPDX-License-Identifier: MIT
package io.pghello.cli.backup.dump;

import static org.assertj.core.api.Assertions.assertThat;

import io.pghello.cli.Run;
import io.pghello.extension.testkit.Superuser;
import io.pghello.testkit.PgHelloTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Roles in the format of pg_dumpall 16 and newer. */
@PgHelloTest
class RolesIT {
  /**
   * The bootstrap superuser can have any name, and only the original grantor can repeat a grant.
   */
  @Test
  void grantsAsCurrentRole(@TempDir Path folder, @Superuser Connection superuser) throws Exception {
    Path script =
        Files.writeString(
            folder.resolve("roles.sql"),
            """
            CREATE ROLE roles_it_app;
            ALTER ROLE roles_it_app WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN;
            CREATE ROLE roles_it_group;
            CREATE ROLE "roles_it GRANTED BY x";
            GRANT roles_it_group TO "roles_it GRANTED BY x" WITH INHERIT TRUE GRANTED BY roles_it_app;
            GRANT pg_monitor TO "roles_it GRANTED BY x" WITH ADMIN OPTION GRANTED BY "the \"\"first\"\"";
            """
                .replace(
                    "WITH INHERIT TRUE ",
                    superuser.getMetaData().getDatabaseMajorVersion() < 16
                        ? ""
                        : "WITH INHERIT TRUE "));
    try {
      assertThat(Roles.createMissing(superuser, script)).hasSize(3);
      assertThat(
              Run.value(
                  superuser,
                  "SELECT string_agg(roleid::regrole || ' ' || admin_option || ' by ' || grantor::regrole, ', ' ORDER BY roleid::regrole::text)"
                      + " FROM pg_auth_members WHERE member = '\"roles_it GRANTED BY x\"'::regrole"))
          .isEqualTo("pg_monitor true by postgres, roles_it_group false by postgres");
    } finally {
      Run.execute(
          superuser,
          "DROP ROLE IF EXISTS \"roles_it GRANTED BY x\"",
          "DROP ROLE IF EXISTS roles_it_group",
          "DROP ROLE IF EXISTS roles_it_app");
    }
  }
}
