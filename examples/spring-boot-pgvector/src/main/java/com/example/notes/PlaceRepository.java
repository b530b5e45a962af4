// SPDX-License-Identifier: MIT
// region places
package com.example.notes;

import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

@Repository
public class PlaceRepository {
  private final JdbcClient jdbc;

  public PlaceRepository(JdbcClient jdbc) {
    this.jdbc = jdbc;
  }

  public void save(String name, double longitude, double latitude) {
    jdbc.sql("INSERT INTO place VALUES (:name, ST_Point(:longitude, :latitude)::geography)")
        .param("name", name)
        .param("longitude", longitude)
        .param("latitude", latitude)
        .update();
  }

  /** Returns the places within a distance in metres. */
  public List<String> findNear(double longitude, double latitude, double metres) {
    return jdbc.sql(
            """
            SELECT name FROM place
            WHERE ST_DWithin(location, ST_Point(:longitude, :latitude)::geography, :metres)
            """)
        .param("longitude", longitude)
        .param("latitude", latitude)
        .param("metres", metres)
        .query(String.class)
        .list();
  }
}
// endregion
