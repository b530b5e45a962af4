// SPDX-License-Identifier: MIT
package io.pghello.spring.boot;

import io.pghello.PgHelloClient;
import io.pghello.PgHelloException;
import io.pghello.PgHelloException.Code;
import io.pghello.PgHelloInfo;
import io.pghello.PgHelloProblem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;

/**
 * What the health indicator says: the same for the two interfaces that Spring Boot has had for it.
 * Thread-safe.
 */
final class PgHelloStatus {
  private final ObjectProvider<PgHelloClient> client;
  // the versions, until the extension cannot be used; they change only by an update
  private volatile @Nullable PgHelloInfo known;

  PgHelloStatus(ObjectProvider<PgHelloClient> client) {
    this.client = client;
  }

  /**
   * Asks the server's catalogue, in one round trip, and two more the first time.
   *
   * @param isUp whether greetings can be had
   * @param details as the health endpoint shows them
   */
  record Answer(boolean isUp, Map<String, Object> details) {}

  Answer ask() {
    try {
      // the client finds an extension wherever it is, and an old one can greet
      Optional<PgHelloProblem> obstacle =
          client.getObject().preflight().stream()
              .filter(
                  problem -> problem.code() != Code.NOT_ON_PATH && problem.code() != Code.TOO_OLD)
              .findFirst();
      if (obstacle.isPresent()) {
        return down(obstacle.get());
      }
      PgHelloInfo info = known;
      if (info == null) {
        info = client.getObject().info();
        known = info;
      }
      var details = new LinkedHashMap<String, Object>();
      details.put("extensionVersion", info.extensionVersion());
      details.put("schema", info.schema());
      details.put("serverVersion", info.serverVersion());
      return new Answer(true, details);
    } catch (PgHelloException e) {
      return down(e.problem());
    }
  }

  private Answer down(PgHelloProblem problem) {
    known = null;
    var details = new LinkedHashMap<String, Object>();
    details.put("code", problem.code().name());
    details.put("cause", problem.message());
    details.put("remedy", problem.remedy());
    return new Answer(false, details);
  }
}
