// SPDX-License-Identifier: MIT
package io.pghello.mcp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.pghello.plugin.Permissions;
import io.pghello.plugin.PostgresException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The configured connections that tools can use, with their permissions. Immutable. */
final class Connections {
  /**
   * Maximum length of a result, in characters of JSON. A response message contains the result
   * twice. Also the default of the permission {@code maxBytes}.
   */
  static final int ANSWER_MAX = 4 << 20;

  private static final String FILE_VARIABLE = "PG_HELLO_MCP_CONFIG";
  private static final Map<String, String> VARIABLES =
      Map.of(
          "PGHOST",
          "host",
          "PGDATABASE",
          "database",
          "PGUSER",
          "user",
          "PGPASSWORD",
          "password",
          "PGREQUIREAUTH",
          "requireAuth");
  private static final String DEFAULT_ID = "default";

  /** A configured connection. */
  private record Connection(ObjectNode config, Permissions permissions) {}

  private final Map<String, Connection> connections;

  private Connections(Map<String, Connection> connections) {
    this.connections = connections;
  }

  /**
   * Reads the connections from a configuration file or from environment variables.
   *
   * @param file the configuration file; null to use the file set in {@code PG_HELLO_MCP_CONFIG}, if
   *     any
   * @throws ConfigurationException if there are no connections, or the configuration is invalid
   */
  static Connections read(@Nullable Path file, Map<String, String> environment) {
    String named = environment.get(FILE_VARIABLE);
    if (file == null && named != null && !named.isEmpty()) {
      file = Path.of(named);
    }
    var connections = new LinkedHashMap<String, Connection>();
    if (file == null) {
      connections.put(DEFAULT_ID, ofVariables(environment));
      return new Connections(connections);
    }
    JsonNode all = parse(file);
    requireMembers(all, file.toString(), Set.of("connections"));
    JsonNode given = all.path("connections");
    if (!given.isObject() || given.isEmpty()) {
      throw new ConfigurationException(file + " has no connections");
    }
    var reader = new Reader(file.toAbsolutePath().getParent(), environment);
    for (Map.Entry<String, JsonNode> one : given.properties()) {
      connections.put(one.getKey(), reader.connection(one.getKey(), one.getValue()));
    }
    return new Connections(connections);
  }

  private static Connection ofVariables(Map<String, String> environment) {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    VARIABLES.forEach(
        (variable, option) -> {
          String value = environment.get(variable);
          if (value != null && !value.isEmpty()) {
            config.put(option, value);
          }
        });
    if (!config.has("user") && !config.has("database")) {
      throw new ConfigurationException(
          "no connection is configured: pass --config FILE, or set PGHOST, "
              + "PGDATABASE, PGUSER and PGPASSWORD");
    }
    String port = environment.getOrDefault("PGPORT", "");
    if (!port.isEmpty()) {
      if (!port.matches("[0-9]{1,5}")) {
        throw new ConfigurationException("PGPORT is not a number");
      }
      config.put("port", Integer.parseInt(port));
    }
    String mode = environment.getOrDefault("PGSSLMODE", "");
    if (!mode.isEmpty()) {
      config.put("ssl", tls(mode));
    }
    String ca = environment.getOrDefault("PGSSLROOTCERT", "");
    if (!ca.isEmpty() && !mode.equals("disable")) {
      config.putObject("ssl").put("ca", text(Path.of(ca), "PGSSLROOTCERT"));
    }
    return new Connection(config, reader());
  }

  /** Returns the default permissions of a connection. */
  private static Permissions reader() {
    return Permissions.read().withSql(true).withMaxBytes(ANSWER_MAX);
  }

  private static boolean tls(String mode) {
    return switch (mode) {
      case "disable" -> false;
      case "verify-full" -> true;
      // libpq's other modes may accept any certificate.
      default -> throw new ConfigurationException("PGSSLMODE must be disable or verify-full");
    };
  }

  private static JsonNode parse(Path file) {
    try {
      JsonNode json = Messages.JSON.readTree(Files.readString(file));
      if (json.isObject()) {
        return json;
      }
      throw new ConfigurationException(file + " is not a JSON object");
    } catch (JsonProcessingException e) {
      // Omit the parser's message, because it would contain part of the file.
      throw new ConfigurationException(file + " is not JSON" + Messages.place(e));
    } catch (NoSuchFileException e) {
      throw new ConfigurationException("file not found: " + shown(file));
    } catch (IOException e) {
      throw new ConfigurationException("cannot read " + shown(file));
    }
  }

  /** Returns the path, or a placeholder if it looks like a URL, which may contain a password. */
  private static String shown(Path file) {
    String name = file.toString();
    return name.matches("(?s).*[@=].*|.*:/.*")
        ? "(not shown, because it looks like an address; expected a path)"
        : name;
  }

  private static String text(Path file, String where) {
    try {
      return Files.readString(file).replaceFirst("\\R\\z", "");
    } catch (NoSuchFileException e) {
      throw new ConfigurationException(where + ": file not found: " + shown(file));
    } catch (IOException e) {
      throw new ConfigurationException(where + ": cannot read " + shown(file));
    }
  }

  private static void requireMembers(JsonNode object, String where, Collection<String> known) {
    if (!object.isObject()) {
      throw new ConfigurationException(where + " must be an object");
    }
    for (Map.Entry<String, JsonNode> member : object.properties()) {
      if (!known.contains(member.getKey())) {
        throw new ConfigurationException(where + " has an unknown member " + member.getKey());
      }
    }
  }

  /** Reads the connections from the contents of a file. */
  private record Reader(@Nullable Path folder, Map<String, String> environment) {
    Connection connection(String id, JsonNode given) {
      String where = "connections." + id;
      requireMembers(given, where, Set.of("config", "permissions"));
      if (!given.path("config").isObject()) {
        throw new ConfigurationException(where + " needs a config");
      }
      JsonNode config = resolve(given.get("config"), where + ".config");
      return new Connection(
          (ObjectNode) config,
          given.has("permissions") ? permissions(given.get("permissions"), where) : reader());
    }

    /** Resolves references to environment variables and files. */
    private JsonNode resolve(JsonNode value, String where) {
      if (!value.isObject()) {
        return value;
      }
      if (value.size() == 1 && value.path("env").isTextual()) {
        String name = value.get("env").textValue();
        String text = environment.get(name);
        if (text == null) {
          throw new ConfigurationException(where + ": the variable " + name + " is not set");
        }
        return JsonNodeFactory.instance.textNode(text);
      }
      if (value.size() == 1 && value.path("file").isTextual()) {
        return JsonNodeFactory.instance.textNode(file(value.get("file").textValue(), where));
      }
      ObjectNode resolved = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> member : value.properties()) {
        String name = member.getKey();
        resolved.set(name, resolve(member.getValue(), where + "." + name));
      }
      return resolved;
    }

    private String file(String name, String where) {
      try {
        return text(folder == null ? Path.of(name) : folder.resolve(name), where);
      } catch (InvalidPathException e) {
        throw new ConfigurationException(where + ": invalid path");
      }
    }

    private static Permissions permissions(JsonNode given, String where) {
      ObjectNode all = JsonNodeFactory.instance.objectNode();
      all.put("sql", given.path("readOnly").asBoolean(true) && !given.has("tables"));
      all.put("maxBytes", ANSWER_MAX);
      if (given instanceof ObjectNode members) {
        all.setAll(members);
      }
      try {
        return Permissions.of(given.isObject() ? all : given);
      } catch (PostgresException e) {
        String why = String.valueOf(e.getMessage()).replaceFirst("\\.$", "");
        throw new ConfigurationException(where + "." + why);
      }
    }
  }

  /** Returns the ids of the connections, in the order of the configuration file. */
  Set<String> ids() {
    return connections.keySet();
  }

  /** Returns the configuration of a connection. */
  ObjectNode config(String id) {
    return find(id).config();
  }

  /** Returns the permissions of a connection. */
  Permissions permissions(String id) {
    return find(id).permissions();
  }

  private Connection find(String id) {
    Connection found = connections.get(id);
    if (found == null) {
      throw new IllegalArgumentException("no connection " + id);
    }
    return found;
  }
}
