package ${package};

import java.io.Serializable;
import java.sql.*;
import java.util.Objects;
import org.hibernate.engine.spi.SharedSessionContractImplementor;
import org.hibernate.type.SqlTypes;
import org.hibernate.usertype.UserType;

/** Maps {@link ${className}Point} for Hibernate 6.6 and 7. */
@SuppressWarnings("removal") // Hibernate 6.6 lacks the methods that replace nullSafeGet and nullSafeSet
public class ${className}PointType implements UserType<${className}Point> {
  @Override
  public int getSqlType() {
    return SqlTypes.OTHER;
  }

  @Override
  public Class<${className}Point> returnedClass() {
    return ${className}Point.class;
  }

  @Override
  public ${className}Point nullSafeGet(
      ResultSet row, int position, SharedSessionContractImplementor session, Object owner)
      throws SQLException {
    String text = row.getString(position);
    return text == null ? null : ${className}Point.parse(text);
  }

  @Override
  public void nullSafeSet(
      PreparedStatement statement,
      ${className}Point value,
      int position,
      SharedSessionContractImplementor session)
      throws SQLException {
    // the server infers the type
    statement.setObject(position, Objects.toString(value, null), Types.OTHER);
  }

  @Override
  public boolean equals(${className}Point one, ${className}Point other) {
    return Objects.equals(one, other);
  }

  @Override
  public int hashCode(${className}Point value) {
    return Objects.hashCode(value);
  }

  @Override
  public ${className}Point deepCopy(${className}Point value) {
    return value;
  }

  @Override
  public boolean isMutable() {
    return false;
  }

  @Override
  public Serializable disassemble(${className}Point value) {
    return Objects.toString(value, null);
  }

  @Override
  public ${className}Point assemble(Serializable cached, Object owner) {
    return cached == null ? null : ${className}Point.parse((String) cached);
  }
}
