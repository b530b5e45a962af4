// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import java.sql.SQLException;

/** Work on a connection that accepts an argument, so that all calls can share one work object. */
public interface SessionWork<A, T> {
  T on(Session session, A argument) throws SQLException;
}
