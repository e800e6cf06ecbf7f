-- The peer of compare.py: weihai-2023 (威政办发〔2022〕15号) as SQL. The script puts in $ledger, $roster and $out; a
-- statement ends with a semicolon at the end of a line. Steps are temporary tables, so that all but the last pass
-- touch few columns or few rows: the windows run over persons on the roster and special drugs only.

-- Cumulative amounts are rounded within each bracket, and a claim gets the difference of two of them (R4).
CREATE TEMP MACRO band(x, lo, hi, ratio) AS round(greatest(least(x, hi) - lo, 0) * ratio, 2);
-- Catastrophic insurance of class A, 二（二）.
CREATE TEMP MACRO catastrophic(x, insutype) AS CASE insutype
  WHEN '310' THEN band(x, 9000, 100000, 0.75) + band(x, 100000, 300000, 0.85) + band(x, 300000, x, 0.95)
  ELSE band(x, 9000, 100000, 0.65) + band(x, 100000, 200000, 0.70) + band(x, 200000, 300000, 0.75)
    + band(x, 300000, x, 0.80) END;
-- Special drugs of everybody: 80 %, 400 000 a year, 二（二）.
CREATE TEMP MACRO special_drug(x) AS least(band(x, 0, x, 0.80), 400000);
-- Medical assistance and its annual cap, 二（三）3 and, for class C, 4.
CREATE TEMP MACRO assistance(x, class) AS CASE class
  WHEN 'A' THEN band(x, 0, x, 0.70) WHEN 'B' THEN band(x, 3000, x, 0.50) ELSE band(x, 10000, x, 0.60) END;
CREATE TEMP MACRO assistance_cap(class) AS CASE class WHEN 'A' THEN 70000 WHEN 'B' THEN 10000 ELSE 50000 END;
-- Re-assistance, classes A and B, 二（三）3.
CREATE TEMP MACRO again(x, class) AS CASE class
  WHEN 'A' THEN band(x, 5000, x, 0.70) WHEN 'B' THEN band(x, 10000, x, 0.70) ELSE 0 END;
CREATE TEMP MACRO again_cap(class) AS CASE class WHEN 'A' THEN 20000 WHEN 'B' THEN 10000 ELSE 0 END;

-- Rows that pass the row checks and lie within the policy's dates.
CREATE TEMP VIEW claims AS
SELECT * FROM (
  SELECT file_row_number AS rid, psn_no, setl_id, setl_time, trim(insutype) AS insutype,
    coalesce(trim(care), CASE
      WHEN trim(med_type) IN ('11', '12', '13') THEN 'outpatient'
      WHEN trim(med_type) IN ('14', '140104', '140201', '1403') THEN 'chronic'
      WHEN trim(med_type) IN ('21', '22', '23', '24', '25', '26', '28', '2101', '2102') THEN 'inpatient'
      WHEN trim(med_type) IN ('15', '9904') THEN 'special_drug'
      WHEN trim(med_type) IN ('41', '51', '52', '53', '2106', '2107') THEN 'other' END) AS care,
    medfee_sumamt AS fee, inscp_scp_amt AS scope,
    hifp_pay + coalesce(cvlserv_pay, 0) + coalesce(hifes_pay, 0) + coalesce(oth_pay, 0) AS basic,
    coalesce(hifmi_pay, 0) + coalesce(hifob_pay, 0) AS recorded_cii, coalesce(maf_pay, 0) AS recorded_maf,
    coalesce(ext_comp_amt, 0) AS ext, coalesce(designated, true) AS designated, init_setl_id,
    coalesce(trim(refd_setl_flag) = '1', false) AS flagged,
    least(medfee_sumamt, inscp_scp_amt, hifp_pay, cvlserv_pay, hifes_pay, oth_pay, hifmi_pay, hifob_pay, maf_pay,
      ext_comp_amt, fulamt_ownpay_amt, overlmt_selfpay, preselfpay_amt) AS lowest
  FROM read_parquet('$ledger', file_row_number = true)
  WHERE coalesce(trim(vali_flag), '1') = '1'
    AND coalesce(referral, 'none_needed') IN ('none_needed', 'referred', 'unreferred')
    AND coalesce(fee_class, '1') IN ('1', '2_prov', '2_county', '3')
    AND coalesce(excl_cause, 'fight') IN ('self_harm', 'fight', 'alcohol', 'traffic_liable'))
WHERE psn_no IS NOT NULL AND setl_id IS NOT NULL AND insutype IN ('310', '390') AND care IS NOT NULL
  AND setl_time >= TIMESTAMP '2023-01-01' AND setl_time < TIMESTAMP '2028-01-01'
  AND scope IS NOT NULL AND basic IS NOT NULL
  AND (flagged AND fee < 0 OR lowest >= 0 AND scope <= fee AND basic + ext <= fee);

CREATE TEMP TABLE copies AS
WITH twice AS (SELECT psn_no, setl_id FROM claims GROUP BY ALL HAVING count(*) > 1)
SELECT rid FROM claims JOIN twice USING (psn_no, setl_id)
QUALIFY row_number() OVER (PARTITION BY psn_no, setl_id ORDER BY setl_time, insutype, fee) > 1;

-- Refunds that name their record first, the others by the amount (R2).
CREATE TEMP TABLE refunds AS SELECT * FROM claims ANTI JOIN copies USING (rid) WHERE fee < 0;
CREATE TEMP TABLE pairs AS
WITH originals AS (SELECT * FROM claims ANTI JOIN copies USING (rid) WHERE fee >= 0),
named AS (
  SELECT r.rid AS refund, o.rid AS original
  FROM originals o JOIN refunds r ON o.psn_no = r.psn_no AND o.setl_id = r.init_setl_id
  QUALIFY row_number() OVER (PARTITION BY o.rid ORDER BY r.setl_time, r.setl_id) = 1),
by_amount AS (
  SELECT r.rid AS refund, arg_max(o.rid, (o.setl_time, o.setl_id)) AS original
  FROM originals o JOIN refunds r
    ON o.psn_no = r.psn_no AND o.fee = -r.fee AND (o.setl_time, o.setl_id) < (r.setl_time, r.setl_id)
  WHERE r.init_setl_id IS NULL AND o.rid NOT IN (SELECT original FROM named) GROUP BY r.rid)
SELECT * FROM named UNION ALL SELECT min(refund), original FROM by_amount GROUP BY original;
CREATE TEMP TABLE reversed AS SELECT refund AS rid FROM pairs UNION ALL SELECT original FROM pairs;

-- Identities with rank and class; class C has its window of twelve months before the application (R7).
CREATE TEMP TABLE periods AS
WITH roster AS (
  SELECT psn_no, begndate, coalesce(enddate, DATE '9999-12-31') AS enddate, applied_on,
    if(code = 'other_hardship', treated_as, code) AS identity
  FROM (SELECT *, CASE trim(identity) WHEN '2303' THEN 'dibao' WHEN '2304' THEN 'tekun' WHEN '2307' THEN 'tekun'
    WHEN '2306' THEN 'illness_poor' ELSE trim(identity) END AS code FROM read_parquet('$roster'))
  WHERE psn_no IS NOT NULL AND (enddate IS NULL OR begndate <= enddate)),
classes(identity, rank, class) AS (VALUES
  ('tekun', 1, 'A'), ('orphan', 2, 'A'), ('dibao', 3, 'A'), ('fanpin', 4, 'A'),
  ('dibao_margin', 5, 'B'), ('monitored', 6, 'B'), ('monitored_sudden', 7, 'B'))
SELECT psn_no, rank, class, identity, NULL AS granted, begndate, enddate FROM roster JOIN classes USING (identity)
UNION ALL
SELECT psn_no, 8, 'C', identity, year(applied_on), date_trunc('month', applied_on) - INTERVAL 12 MONTH,
  make_date(year(applied_on), 12, 31)
FROM roster WHERE identity = 'illness_poor' AND applied_on IS NOT NULL AND begndate IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY psn_no, year(applied_on) ORDER BY applied_on) = 1;

-- The layers, one window after the other. A grant's pool is its own, apart from the year's.
CREATE TEMP TABLE paid AS
WITH active AS (
  SELECT *, year(setl_time) AS year, greatest(scope - basic, 0) AS after_basic,
    care IN ('inpatient', 'chronic', 'high_value_drug') AS covered
  FROM claims ANTI JOIN copies USING (rid) ANTI JOIN reversed USING (rid)
  WHERE fee >= 0 AND NOT (flagged AND fee > 0)
    AND (care = 'special_drug' OR psn_no IN (SELECT psn_no FROM periods))),
held AS (
  SELECT rid, arg_min(struct_pack(class, identity, granted), (rank, granted)) AS best
  FROM active JOIN periods p USING (psn_no) WHERE setl_time::DATE BETWEEN p.begndate AND p.enddate GROUP BY rid),
summed AS (
  SELECT a.*, best.class AS class, best.identity AS identity, coalesce(best.granted, year) AS charge_year,
    covered AND designated AND class IS NOT NULL AS in_scope,
    if(best.granted IS NULL, 'year', 'grant') || charge_year AS pool,
    sum(if(covered, after_basic, 0)) OVER years::DECIMAL(14, 2) AS cii_to,
    sum(if(care = 'special_drug', after_basic, 0)) OVER years::DECIMAL(14, 2) AS drug_to
  FROM active a LEFT JOIN held USING (rid)
  WINDOW years AS (PARTITION BY psn_no, year ORDER BY setl_time, setl_id)),
insured AS (
  SELECT *, CASE WHEN care = 'special_drug' THEN 0
      WHEN covered AND class = 'A' THEN catastrophic(cii_to, insutype) - catastrophic(cii_to - after_basic, insutype)
      ELSE least(recorded_cii, after_basic) END AS cii,
    if(care = 'special_drug', special_drug(drug_to) - special_drug(drug_to - after_basic), 0) AS drug,
    if(in_scope, greatest(after_basic - cii - ext, 0), 0) AS ma_base FROM summed),
ma_1 AS (SELECT *, sum(ma_base) OVER pools::DECIMAL(14, 2) AS ma_to FROM insured
  WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
ma_2 AS (SELECT *,
    sum(if(in_scope, assistance(ma_to, class) - assistance(ma_to - ma_base, class), 0)) OVER pools AS ma_gross
  FROM ma_1 WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
-- What was paid never falls, also where a change of class brings a lower cap (R6).
ma_3 AS (SELECT *, max(if(in_scope, least(ma_gross, assistance_cap(class)), 0)) OVER pools AS ma_paid
  FROM ma_2 WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
assisted AS (SELECT *, ma_paid - coalesce(lag(ma_paid) OVER pools, 0) AS ma,
    if(class <> 'C', ma_base - ma, 0) AS ra_base
  FROM ma_3 WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
ra_1 AS (SELECT *, sum(ra_base) OVER pools::DECIMAL(14, 2) AS ra_to FROM assisted
  WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
ra_2 AS (SELECT *, sum(again(ra_to, class) - again(ra_to - ra_base, class)) OVER pools AS ra_gross FROM ra_1
  WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id)),
ra_3 AS (SELECT *, max(if(in_scope, least(ra_gross, again_cap(class)), 0)) OVER pools AS ra_paid FROM ra_2
  WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id))
SELECT rid, in_scope, if(in_scope, identity, NULL) AS identity, if(in_scope, charge_year, year) AS charge_year,
  cii, drug, ma_base, ma, ra_paid - coalesce(lag(ra_paid) OVER pools, 0) AS ra
FROM ra_3 WINDOW pools AS (PARTITION BY psn_no, pool ORDER BY setl_time, setl_id);

COPY (
  WITH accepted AS (
    SELECT * REPLACE (if(live, fee, 0) AS fee, if(live, scope, 0) AS scope, if(live, basic, 0) AS basic,
      if(live, ext, 0) AS ext, if(live, recorded_cii, 0) AS recorded_cii, if(live, recorded_maf, 0) AS recorded_maf)
    FROM (SELECT c.*, r.rid IS NULL AS live, year(setl_time) AS year
      FROM claims c ANTI JOIN copies USING (rid) LEFT JOIN reversed r ON c.rid = r.rid)
    WHERE NOT live OR fee >= 0 AND NOT (flagged AND fee > 0)),
  settled AS (
    SELECT a.*, greatest(scope - basic, 0) AS after_basic, p.identity, p.in_scope,
      coalesce(charge_year, year) AS charge_year,
      coalesce(p.cii, least(recorded_cii, after_basic))::DECIMAL(18, 2) AS cii,
      coalesce(p.drug, 0)::DECIMAL(18, 2) AS drug, coalesce(p.ma_base, 0)::DECIMAL(18, 2) AS ma_base,
      coalesce(p.ma, 0)::DECIMAL(18, 2) AS ma, coalesce(p.ra, 0)::DECIMAL(18, 2) AS ra,
      least(ext, fee - basic - cii - drug) AS ext_counted
    FROM accepted a LEFT JOIN paid p ON a.rid = p.rid)
  SELECT psn_no, setl_id, setl_time, year::INTEGER AS benefit_year, charge_year::INTEGER AS charge_year, insutype, care,
    identity, CASE WHEN NOT live THEN 'reversed' WHEN in_scope THEN 'settled' ELSE 'out_of_scope' END AS status,
    fee AS medfee_sumamt, scope AS inscp_scp_amt, basic AS basic_pay, after_basic AS burden_after_basic, cii AS cii_pay,
    drug AS special_drug_pay, after_basic - cii - drug AS burden_after_cii, ext_counted AS ext_comp_counted, ma_base,
    ma AS ma_pay, ra AS ra_pay, 0::DECIMAL(18, 2) AS oocat_pay, 0::DECIMAL(18, 2) AS hosp_borne,
    fee - basic - cii - drug - ext_counted - ma - ra AS psn_burden, recorded_cii, recorded_maf,
    cii + drug - recorded_cii AS payable_cii, ma + ra - recorded_maf AS payable_ma
  FROM settled ORDER BY psn_no, setl_time, setl_id
) TO '$out' (FORMAT parquet, COMPRESSION zstd)
