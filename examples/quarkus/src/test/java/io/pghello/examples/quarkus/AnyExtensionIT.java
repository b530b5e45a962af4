// SPDX-License-Identifier: MIT
package io.pghello.examples.quarkus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.List;
import org.hibernate.StatelessSession;
import org.junit.jupiter.api.Test;

/**
 * A test with different extensions from the other tests gets its own server, and Quarkus is
 * restarted for it.
 */
// region extensions
@QuarkusTest
@WithPostgres("pg_hello, pg_trgm, hstore")
class AnyExtensionIT {
  @Inject StatelessSession session;

  @Test
  void hasThem() {
    List<String> extensions =
        session
            .createNativeQuery("SELECT extname FROM pg_extension ORDER BY 1", String.class)
            .getResultList();
    assertEquals(List.of("hstore", "pg_hello", "pg_trgm", "plpgsql"), extensions);
  }
}
// endregion
